"""Between drills: what is waited for, and who may end the waiting."""

import os
import signal

import pytest

from firedrill.engine.interrupts import STOP, Interrupts
from firedrill.errors import CannotRun, NotRedundant
from firedrill.suite import wait

EVERY_S = 0.01


def answers(*errors: Exception | None) -> "tuple[list[int], object]":
    """Asked for the n-th time, raises the n-th error; the last one for ever."""
    asked: list[int] = []

    def ask() -> None:
        asked.append(len(asked))
        if error := errors[min(len(asked), len(errors)) - 1]:
            raise error

    return asked, ask


def test_redundancy_is_waited_for_and_said_once() -> None:
    """Two refusals, then it is there."""
    told: list[str] = []
    asked, ask = answers(NotRedundant("seeding"), NotRedundant("seeding"), None)
    wait(ask, 10.0, EVERY_S, told.append, lambda: False)  # type: ignore[arg-type]
    assert (len(asked), told) == (3, ["waiting for redundancy"])


def test_waiting_ends_at_the_limit_of_the_suite() -> None:
    """The last refusal is the reason."""
    asked, ask = answers(NotRedundant("seeding"))
    with pytest.raises(NotRedundant, match="seeding"):
        wait(ask, 5 * EVERY_S, EVERY_S, lambda _: None, lambda: False)  # type: ignore[arg-type]
    assert 2 <= len(asked) <= 6


def test_what_time_does_not_mend_is_not_waited_for() -> None:
    """No rights now are no rights in ten minutes."""
    asked, ask = answers(CannotRun("AuthorizationFailed"))
    with pytest.raises(CannotRun, match="AuthorizationFailed"):
        wait(ask, 10.0, EVERY_S, lambda _: None, lambda: False)  # type: ignore[arg-type]
    assert len(asked) == 1


def test_who_asks_to_stop_does_not_wait() -> None:
    """Nothing is asked any more."""
    asked, ask = answers(NotRedundant("seeding"))
    wait(ask, 10.0, EVERY_S, lambda _: None, lambda: True)  # type: ignore[arg-type]
    assert asked == []


def test_a_signal_between_drills_is_noted_and_the_next_drill_does_not_begin() -> None:
    """The step at hand goes on; what would begin a drill ends at once; the handlers of before are back afterwards."""
    told: list[str] = []
    interrupts, before = Interrupts(told.append), signal.getsignal(signal.SIGTERM)
    with interrupts.noted():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert (interrupts.asked, told) == ("SIGTERM", ["SIGTERM: no other drill is begun"])
        with pytest.raises(SystemExit) as stopped, interrupts.installed():
            raise AssertionError("the drill began")
        assert stopped.value.code == STOP
        with pytest.raises(SystemExit):
            interrupts.stop_if_asked()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_in_a_drill_ends_it_and_stays_known() -> None:
    """The suite learns from the same object that nothing more is wanted."""
    interrupts = Interrupts(lambda _: None)
    with interrupts.noted():
        with pytest.raises(SystemExit), interrupts.installed():
            os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.asked == "SIGINT"
