"""A drill may break several things: each must be done, and each must be mended."""

import msgspec

from firedrill.analysis.phases import faults, put_back_at
from firedrill.analysis.verdict import was_injected, was_put_back
from firedrill.model import events as kinds
from firedrill.model.history import Event, History
from firedrill.model.interval import Interval
from firedrill.model.verdict import Fault
from tests.unit.report import sample_run

WINDOW = Interval(1.0, 2.0)


def happened(*said: tuple[str, str]) -> History:
    """A history with events of these kinds, by name."""
    rows = [
        Event(number, float(number), "", kind, "", {"name": name, "status": "Succeeded", "error": f"{name} broke",
              "reversibility": "reversible"}, "", "")
        for number, (kind, name) in enumerate(said)
    ]  # fmt: skip
    return msgspec.structs.replace(sample_run.history(), events=rows)


def fault(name: str) -> Fault:
    return Fault(name, "servicebus/sb-weu", 1.0, 1.1, None, False, "reversible")


def test_one_undo_that_failed_is_not_made_good_by_the_next() -> None:
    """Bus A stayed shut although bus B was opened; asked for again, and done, it is well."""
    shut = [(kinds.FAULT_COMMAND, "shut A"), (kinds.UNDO_FAILED, "open A"), (kinds.UNDO_DONE, "open B")]
    found = was_put_back(happened(*shut), WINDOW)
    assert (found.outcome, found.why) == ("fail", "open A broke")
    assert was_put_back(happened(*shut, (kinds.UNDO_DONE, "open A")), WINDOW).outcome == "pass"


def test_every_fault_must_have_been_done() -> None:
    """One of two is not what the drill says that it breaks."""
    history = happened((kinds.FAULT_DONE, "shut A"), (kinds.FAULT_COMMAND, "shut B"))
    found = was_injected(history, [fault("shut A"), fault("shut B")])
    assert found.outcome == "inconclusive"
    assert "shut B" in found.why
    assert was_injected(history, [fault("shut A")]).outcome == "pass"


def test_what_was_mended_may_be_broken_again() -> None:
    """The outage of the second time follows that fault, not the mending before it; each command has its own answer."""
    once = [(kinds.FAULT_COMMAND, "gone"), (kinds.FAULT_ACCEPTED, "gone"), (kinds.FAULT_DONE, "gone")]
    history = timed([*once, (kinds.UNDO_COMMAND, "heal"), *once, (kinds.UNDO_COMMAND, "heal")])
    assert put_back_at(history) == 7.0
    assert [(one.at_s, one.accepted_s) for one in faults(history)] == [(0.0, 1.0), (4.0, 5.0)]
    assert was_injected(history, faults(history)).outcome == "pass"


def test_the_second_of_two_alike_must_have_been_done_too() -> None:
    """That the first was done says nothing about it."""
    history = timed([(kinds.FAULT_COMMAND, "gone"), (kinds.FAULT_DONE, "gone"), (kinds.FAULT_COMMAND, "gone")])
    assert faults(history)[1].control_plane_done_s is None
    assert was_injected(history, faults(history)).outcome == "inconclusive"
    assert put_back_at(history) is None


def timed(said: list[tuple[str, str]]) -> History:
    """As `happened`, with what a command and its end say besides."""
    history = happened(*said)
    more = {"on": "sql/dbgrp", "planned": False, "low": 0.0, "high": 1.0}
    events = [msgspec.structs.replace(one, data=one.data | more) for one in history.events]
    return msgspec.structs.replace(history, events=events)
