"""Actions and probes as plain Chaos Toolkit calls them, against services of the stage in this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from chaoslib.exceptions import ActivityFailed
from contract.arm_stand import ArmStand

from firedrill.actions import notes

GROUP = "gasbank"


@contextmanager
def environment_of(stand: ArmStand, **more: str) -> Iterator[None]:
    """What `eval "$(firedrill stage env)"` sets, as far as the stand has it."""
    drill = stand.directory.drill
    said = {
        "AZURE_TENANT_ID": stand.directory.tenant,
        "AZURE_CLIENT_ID": drill.client_id,
        "AZURE_CLIENT_SECRET": drill.secret,
        "AZURE_AUTHORITY_HOST": f"{stand.directory.authority.rstrip('/').removesuffix('/adfs')}/adfs",
        "AZURE_SUBSCRIPTION_ID": stand.world.subscription,
        "ARM_ENDPOINT": stand.arm,
        "REQUESTS_CA_BUNDLE": stand.ca,
        "FIREDRILL_POLL_S": "0.05",
        **more,
    }
    before = dict(os.environ)
    os.environ.update(said)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Noted(NamedTuple):
    """What actions said while they ran."""

    notes: list[tuple[str, dict[str, Any]]]

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.notes if kind != "observed"]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [data for said, data in self.notes if said == kind]


@contextmanager
def noting() -> Iterator[Noted]:
    heard = Noted([])
    stop = notes.listen(lambda kind, _at, data: heard.notes.append((kind, data)))
    try:
        yield heard
    finally:
        stop()


def refusal(action: Any, *given: Any, **named: Any) -> str:
    """The words of a guard; nothing was asked of anybody."""
    with noting() as heard, pytest.raises(ActivityFailed, match="nothing was touched") as refused:
        action(*given, **named)
    assert heard.notes == []
    return str(refused.value)
