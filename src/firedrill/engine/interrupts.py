"""Ctrl-C and SIGTERM: the first one ends what can be ended and goes on to put back, later ones wait for that.

In the middle of a failover the right answer to "stop" is to finish and hold, never to run away.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

STOP = 20  # the exit that Chaos Toolkit takes for "end now, but do the rollbacks"


class Interrupts:
    """`handle` is the signal handler; `asked` is the signal's name once one came."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.asked = ""
        self._say = say

    def handle(self, number: int, frame: Any) -> None:  # noqa: ARG002 - the signature of a signal handler
        if self.asked:
            self._say(
                "what must follow the fault is being done; please wait (to abandon: kill -9, then firedrill recover)"
            )
            return
        self.asked = signal.Signals(number).name
        self._say(f"{self.asked}: stopping; what must follow the fault is being done")
        raise SystemExit(STOP)

    def note(self, number: int, frame: Any) -> None:  # noqa: ARG002 - the signature of a signal handler
        """For the time between drills: nothing is broken, so the step at hand is ended in order and nothing more begun."""
        if not self.asked:
            self.asked = signal.Signals(number).name
            self._say(f"{self.asked}: no other drill is begun")

    def stop_if_asked(self) -> None:
        if self.asked:
            raise SystemExit(STOP)

    def noted(self) -> AbstractContextManager[None]:
        return handled_by(self.note)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """`handle` is called inside; one that was noted just before it came into force counts too."""
        with handled_by(self.handle):
            self.stop_if_asked()
            yield


@contextmanager
def handled_by(handler: Callable[[int, Any], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
