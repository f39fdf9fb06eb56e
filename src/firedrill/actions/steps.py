"""What every action has around its request: a guard before anything is touched, and notes of what left and how it ended.

`fault` declares an action: what undo really is, which function undoes it, and the guard that a run asks before it touches
anything (and the action itself asks again). `step` notes command, acceptance and end with their times.
"""

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

from chaoslib.exceptions import ActivityFailed

from firedrill.actions.notes import note
from firedrill.azure.clients import poll_interval
from firedrill.azure.operations import Unclear, finish, once, start
from firedrill.clock import monotonic, sleep
from firedrill.model import events as kinds
from firedrill.model.facts import Value
from firedrill.model.interval import Interval

Act = TypeVar("Act", bound=Callable[..., Any])
Happened = Callable[[], bool]
Reversibility = Literal["self-heals", "reversible", "fail-back", "one-way"]
ALLOWED = "FIREDRILL_ALLOW"


class Words(NamedTuple):
    """Which events one kind of change leaves behind."""

    command: str
    accepted: str
    done: str
    failed: str


FAULT = Words(kinds.FAULT_COMMAND, kinds.FAULT_ACCEPTED, kinds.FAULT_DONE, kinds.FAULT_FAILED)
UNDO = Words(kinds.UNDO_COMMAND, kinds.UNDO_ACCEPTED, kinds.UNDO_DONE, kinds.UNDO_FAILED)


class Declared(NamedTuple):
    """What an action says of itself. `undo` is `module.function`, or "" where nothing undoes it."""

    reversibility: Reversibility
    undo: str
    guard: Callable[..., None] | None


def fault(
    reversibility: Reversibility, undo: str = "", guard: Callable[..., None] | None = None
) -> Callable[[Act], Act]:
    """Declare an action that breaks something. `guard` takes the action's own arguments and raises ActivityFailed."""

    def declare(action: Act) -> Act:
        @functools.wraps(action)
        def guarded(*given: Any, **named: Any) -> Any:
            if guard is not None:
                guard(*given, **named)
            return action(*given, **named)

        guarded.declared = Declared(reversibility, undo, guard)  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return declare


def refuse(what: str, *, accepted: str = "", change: str = "") -> ActivityFailed:
    """The error of a guard: what is wrong, what would be accepted, what to change. Nothing was touched."""
    parts = [what, accepted and f"accepted: {accepted}", change and f"change: {change}"]
    return ActivityFailed("; ".join([*filter(None, parts), "nothing was touched"]))


def check_allowed(kind: str, name: str) -> None:
    """Refused unless the target allows this resource, as `kind/name`. Plain `chaos run` without the list allows everything."""
    allowed = os.environ.get(ALLOWED)
    if allowed is not None and f"{kind}/{name}".lower() not in allowed.lower().split(","):
        shown = ", ".join(one for one in allowed.split(",") if one.startswith(f"{kind}/")) or "nothing of this kind"
        raise refuse(
            f"{kind}/{name} is not in the target's allow-list", accepted=shown, change="allow: in the target file"
        )


@dataclass
class Step:
    """One change under way. `ended`: when the control plane was seen to be done, where that is known better than by the clock."""

    name: str
    on: str
    words: Words
    ended: Interval | None = None
    taken: bool = False

    def accepted(self, token: str = "") -> None:
        """The control plane took it, or the first request of several. `token` resumes a long-running operation after a crash."""
        if not self.taken:
            note(self.words.accepted, name=self.name, token=token)
        self.taken = True


@contextmanager
def step(
    words: Words, name: str, *, on: str, reversibility: Reversibility = "reversible", planned: bool = False
) -> Iterator[Step]:
    """Around the request: `on` is `kind/name` of the resource. Whatever is raised inside is noted and becomes ActivityFailed."""
    note(words.command, name=name, on=on, planned=planned, reversibility=reversibility)
    since, change = monotonic(), Step(name, on, words)
    try:
        yield change
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        note(words.failed, name=name, error=reason)
        raise ActivityFailed(f"{name}: {reason}") from error
    note(words.done, name=name, when=change.ended or Interval(since, monotonic()), status="Succeeded")


LATE_START_S = 5.0  # a request that left just before we were interrupted has shown its effect by then
under_way: dict[str, float] = {}
"""What this process asked for and has not seen the end of: the resource, and when. Only an interrupt leaves anything here."""


def follow(change: Step, begin: Callable[..., Any], names: Sequence[Any], within_s: float, happened: Happened) -> None:
    """A long-running operation from its one request to its end. When an answer is lost, `happened` asks the resource itself.

    Refused when Azure said no, Unclear when it did not end in time, RuntimeError when it ended otherwise than well.
    """
    with noted_under_way(change.on):
        try:
            poller, times = start(begin, *names)
            change.accepted(poller.continuation_token())
            done = finish(poller, times, within_s)
        except Unclear as doubt:
            decide(doubt, happened, within_s)
            return
    change.ended = done.when
    if done.status != "Succeeded":
        raise RuntimeError(f"it ended {done.status}: {done.why}")


def send(change: Step, request: Callable[..., Any], *given: Any, happened: Happened, within_s: float = 10.0) -> None:
    """One short request, sent once. When its answer is lost, `happened` asks the resource itself."""
    with noted_under_way(change.on):
        try:
            once(request, *given)
        except Unclear as doubt:
            decide(doubt, happened, within_s)
    change.accepted()


@contextmanager
def noted_under_way(on: str) -> Iterator[None]:
    under_way[on] = monotonic()
    try:
        yield
    except Exception:
        del under_way[on]
        raise
    del under_way[on]


def let_finish(on: str, busy: Happened, within_s: float) -> None:
    """Finish and hold: what was asked of `on` comes to its end before anything else is decided. TimeoutError when it does not."""
    asked = under_way.pop(on, None)
    while asked is not None and monotonic() < asked + LATE_START_S and not busy():
        sleep(poll_interval())
    wait_until(lambda: not busy(), within_s, f"a change of {on} is still under way")


def decide(doubt: Unclear, happened: Happened, within_s: float) -> None:
    note(kinds.DOUBT, name=str(doubt))
    wait_until(happened, within_s, f"the answer was lost ({doubt}), and the resource does not show the change")


def wait_until(reached: Happened, within_s: float, otherwise: str) -> None:
    """Ask until it is so; ARM has no event to wait on. TimeoutError with `otherwise` when it is not in time."""
    deadline = monotonic() + within_s
    while not reached():
        if monotonic() > deadline:
            raise TimeoutError(f"{otherwise} (waited {within_s:g} s)")
        sleep(poll_interval())


def observed(subject: str, attribute: str, value: Value, was: Value = "") -> None:
    """One fact about a resource, as it stands now."""
    moment = monotonic()
    note(
        kinds.OBSERVED,
        subject=subject,
        attribute=attribute,
        value=value,
        was=was,
        when=Interval(moment, moment),
    )


def not_needed(name: str, why: str) -> None:
    """An undo that found everything as it should be."""
    note(kinds.UNDO_NOT_NEEDED, name=name, why=why)
