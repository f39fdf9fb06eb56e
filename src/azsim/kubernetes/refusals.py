"""Kubernetes' own errors: Status objects with the codes, reasons and sentences that clients look for."""

from typing import Any

from azsim.kubernetes.kinds import Kind


class Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """An answer from 400 on."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}

    @property
    def body(self) -> dict[str, Any]:
        return {
            **status("Failure", self.message, self.reason, self.code),
            **({"details": self.details} if self.details else {}),
        }


def status(outcome: str, message: str = "", reason: str = "", code: int = 200) -> dict[str, Any]:
    said = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": outcome, "code": code}
    return {**said, **({"message": message} if message else {}), **({"reason": reason} if reason else {})}


def details(kind: Kind, name: str) -> dict[str, Any]:
    return {"name": name, **({"group": kind.group} if kind.group else {}), "kind": kind.plural}


def not_found(kind: Kind, name: str) -> Refused:
    return Refused(404, "NotFound", f'{kind.resource} "{name}" not found', details(kind, name))


def exists(kind: Kind, name: str) -> Refused:
    return Refused(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', details(kind, name))


def conflict(kind: Kind, name: str, why: str = "") -> Refused:
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return Refused(409, "Conflict", message, details(kind, name))


def invalid(kind: Kind, name: str, field: str, why: str) -> Refused:
    cause = {"reason": "FieldValueInvalid", "message": why, "field": field}
    said = {**details(kind, name), "kind": kind.name, "causes": [cause]}
    return Refused(422, "Invalid", f'{kind.name} "{name}" is invalid: {field}: {why}', said)


def bad_request(why: str) -> Refused:
    return Refused(400, "BadRequest", why)


def expired(version: int, oldest: int) -> Refused:
    return Refused(410, "Expired", f"too old resource version: {version} ({oldest})")


def not_emulated(what: str) -> Refused:
    """What Kubernetes can and the stage cannot; it must never look as if it had worked."""
    return Refused(501, "NotImplementedOnStage", f"the stage does not emulate {what}")
