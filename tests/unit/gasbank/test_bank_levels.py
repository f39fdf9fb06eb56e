"""The level of a process: one word for how much of the bank is there, from what its breakers and its outbox say."""

import asyncio

import pytest

from gasbank.bank import Bank
from gasbank.levels import Backlog, level_of, missing
from gasbank.roles import ROLES
from gasbank.settings import settings
from gasbank.web.metrics import Metric, text_of

ADDRESS = "postgresql://bank:x@127.0.0.1:1/gasbank"  # never connected to
WELL = Backlog(3, 0.2)


def level(role: str, away: tuple[str, ...], backlog: Backlog = WELL, *, leaving: bool = False) -> tuple[str, list[str]]:
    """(level, what is missing) of a bank whose listeners `away` have open breakers."""

    async def ask() -> tuple[str, list[str]]:
        bank = Bank(settings({"SQL_READ_WRITE": ADDRESS, "SQL_READ_ONLY": ADDRESS}))
        for listener in bank.listeners():
            while listener.name in away and listener.breaker.state == "closed":
                listener.breaker.admit().failed("40613")
        bank.leaving = leaving
        return level_of(bank, ROLES[role], backlog), missing(bank)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("role", "away", "expected"),
    [
        ("all", (), "full"),
        ("all", ("read-only",), "full"),
        ("all", ("read-write",), "read-only"),
        ("all", ("read-write", "read-only"), "refuse"),
        ("commands", ("read-only",), "full"),
        ("commands", ("read-write",), "refuse"),
        ("reads", ("read-write",), "full"),
        ("reads", ("read-write", "read-only"), "refuse"),
    ],
)
def test_the_level_follows_what_is_away(role: str, away: tuple[str, ...], expected: str) -> None:
    """Each role counts what it promises: a reads process is whole without the write side, a commands process is nothing without it."""
    assert level(role, away) == (expected, list(away))


def test_a_message_that_waits_means_buffering() -> None:
    """Above five seconds it is no longer the publisher's rhythm; not knowing is not buffering."""
    assert level("commands", (), Backlog(1, 5.1))[0] == "accept-and-buffer"
    assert level("commands", (), Backlog(900, 4.9))[0] == "full"
    assert level("commands", (), Backlog())[0] == "full"
    assert level("all", ("read-write",), Backlog(1, 60.0))[0] == "read-only"


def test_who_leaves_refuses() -> None:
    """Asked to stop, a process is at "refuse", whatever its dependencies do."""
    assert level("all", (), leaving=True)[0] == "refuse"


def test_what_is_not_known_is_no_number() -> None:
    """Prometheus text: labels are escaped, and an unknown depth is absent, not zero."""
    depth = Metric("outbox_depth", "gauge", [("capability", "ledger", None), ("capability", 'a"b\\', 2)])
    assert text_of([depth]) == '# TYPE gasbank_outbox_depth gauge\ngasbank_outbox_depth{capability="a\\"b\\\\"} 2\n'
