"""What every action has around its request: a guard before anything is touched, and notes of what left and how it ended.

`fault` declares an action: what undo really is, which function undoes it, and the guard that a run asks before it touches
anything (and the action itself asks again). `step` notes command, acceptance and end with their times.
"""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, TypeVar

from chaoslib.exceptions import ActivityFailed

from firedrill.actions.notes import note
from firedrill.clock import monotonic
from firedrill.model import events as kinds
from firedrill.model.interval import Interval

Act = TypeVar("Act", bound=Callable[..., Any])
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


class Step(NamedTuple):
    """One change under way."""

    name: str
    words: Words

    def accepted(self, token: str = "") -> None:
        """The control plane took it. `token` resumes a long-running operation after a crash."""
        note(self.words.accepted, name=self.name, token=token)


@contextmanager
def step(
    words: Words, name: str, *, on: str, reversibility: Reversibility = "reversible", planned: bool = False
) -> Iterator[Step]:
    """Around the request: `on` is `kind/name` of the resource. Whatever is raised inside is noted and becomes ActivityFailed."""
    note(words.command, name=name, on=on, planned=planned, reversibility=reversibility)
    since = monotonic()
    try:
        yield Step(name, words)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        note(words.failed, name=name, error=reason)
        raise ActivityFailed(f"{name}: {reason}") from error
    note(words.done, name=name, when=Interval(since, monotonic()), status="Succeeded")


def not_needed(name: str, why: str) -> None:
    """An undo that found everything as it should be."""
    note(kinds.UNDO_NOT_NEEDED, name=name, why=why)
