"""A drill may break several things: each must be done, and each must be mended."""

import msgspec

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
