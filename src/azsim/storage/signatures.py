"""Shared access signatures: of the account and of one blob or container. Stored access policies are refused."""

import ipaddress
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from azsim.net import LOOPBACK
from azsim.storage.access import Access
from azsim.storage.calls import Call
from azsim.storage.errors import StorageError
from azsim.storage.operations import Operation

ACCOUNT_FIELDS = ("sp", "ss", "srt", "st", "se", "sip", "spr", "sv")
RESPONSE_FIELDS = ("rscc", "rscd", "rsce", "rscl", "rsct")
# From these versions on a signature also covers the encryption scope, the kind of resource and the snapshot.
SCOPE_SINCE, RESOURCE_SINCE = "2020-12-06", "2018-11-09"
LEVELS = {"service": "s", "container": "c", "blob": "o"}


def check(call: Call, operation: Operation, access: Access, now: Callable[[], float]) -> bool:
    """StorageError unless the signature allows the operation; whether it may also replace what is there."""
    said = call.query
    text = account_text(said, access.account) if "ss" in said else service_text(call, access.account)
    if not access.is_signed(text, said["sig"]):
        raise StorageError("AuthenticationFailed", "Signature did not match. Check the key and the signed fields.")
    check_time(said, now())
    check_place(call)
    check_scope(call)
    allowed = set(said.get("sp", "")) & set(operation.permissions)
    if not allowed:
        raise StorageError("AuthorizationPermissionMismatch")
    return allowed != {"c"}


def account_text(said: Mapping[str, str], account: str) -> str:
    fields = [said.get(name, "") for name in ACCOUNT_FIELDS]
    if said.get("sv", "") >= SCOPE_SINCE:
        fields.append(said.get("ses", ""))
    return "\n".join([account, *fields, ""])


def service_text(call: Call, account: str) -> str:
    said, version = call.query, call.query.get("sv", "")
    if "skoid" in said or "si" in said:
        what = "user delegation keys" if "skoid" in said else "stored access policies"
        raise StorageError("NotImplementedOnStage", f"The rehearsal stage does not implement {what}.")
    if version < RESOURCE_SINCE or said.get("sr") not in ("b", "c"):
        raise StorageError("AuthenticationFailed", f"sv must be {RESOURCE_SINCE} or later and sr one of b, c.")
    parts = [f"/blob/{account}", call.container, *([call.blob] if said["sr"] == "b" else [])]
    fields = [said.get("sp", ""), said.get("st", ""), said.get("se", ""), "/".join(parts), ""]
    fields += [said.get("sip", ""), said.get("spr", ""), version, said["sr"], ""]
    if version >= SCOPE_SINCE:
        fields.append(said.get("ses", ""))
    return "\n".join([*fields, *(said.get(name, "") for name in RESPONSE_FIELDS)])


def check_time(said: Mapping[str, str], now: float) -> None:
    start, end = said.get("st"), said.get("se", "")
    if seconds(end) <= now or (start and seconds(start) > now):
        raise StorageError("AuthenticationFailed", f"Signature not valid now: it holds from {start or '-'} to {end}.")


def seconds(text: str) -> float:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise StorageError("AuthenticationFailed", f"{text!r} is no time.") from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def check_place(call: Call) -> None:
    """The protocol, and the address: everybody is on the loopback here."""
    said = call.query
    if said.get("spr") == "https" and not call.secure:
        raise StorageError("AuthorizationProtocolMismatch")
    first, _, last = said.get("sip", LOOPBACK).partition("-")
    try:
        low, high = ipaddress.IPv4Address(first), ipaddress.IPv4Address(last or first)
    except ValueError:
        raise StorageError("AuthenticationFailed", f"{said['sip']!r} is no address and no range.") from None
    if not low <= ipaddress.IPv4Address(LOOPBACK) <= high:
        raise StorageError("AuthorizationSourceIPMismatch")


def check_scope(call: Call) -> None:
    said = call.query
    if "ss" in said:
        if "b" not in said["ss"]:
            raise StorageError("AuthorizationServiceMismatch")
        if LEVELS[call.target.level] not in said.get("srt", ""):
            raise StorageError("AuthorizationResourceTypeMismatch")
    elif call.target.level != "blob" and call.query.get("comp") != "list":
        raise StorageError("AuthorizationFailure")
