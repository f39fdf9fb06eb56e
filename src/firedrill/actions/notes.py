"""Where an action says what it does, as it does it: to the run that listens, or to the log of plain `chaos run`.

An action must not know about runs. It notes; whoever started it may listen. Times are the machine's monotonic
clock; the listener turns them into seconds of its run.
"""

from collections.abc import Callable
from typing import Any

from firedrill.clock import monotonic

Listener = Callable[[str, float, dict[str, Any]], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> Callable[[], None]:
    """Hear every note from now on; call what is returned to stop."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def note(kind: str, at: float | None = None, **data: Any) -> None:
    """Say that something of `kind` (see `firedrill.model.events`) happened, now or at a monotonic time."""
    moment = monotonic() if at is None else at
    for listener in _listeners:
        listener(kind, moment, data)
