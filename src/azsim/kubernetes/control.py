"""What runs the controllers: a change marks keys, each marked key is looked at once, in order, without waiting.

A controller looks at the store and makes it a step more like what is wanted. It never sleeps: it says after how many
seconds it wants to look again. `later` is the event loop's in the stage and a virtual clock's in tests.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from azsim.kubernetes.store import Change, Key, Store

Later = Callable[[float, Callable[[], None]], Any]


class Controller(Protocol):
    """One concern."""

    def concerned(self, change: Change) -> Iterable[Key]:
        """Which keys must be looked at because of a change."""

    def look(self, key: Key) -> float | None:
        """Do what there is to do about a key; seconds after which to look again, if so."""


class Control:
    """The queue of all controllers of one cluster."""

    def __init__(self, store: Store, controllers: Sequence[Controller], later: Later) -> None:
        self._controllers = controllers
        self._later = later
        self._marked: dict[tuple[int, Key], None] = {}
        self._called = False
        store.listen(self._changed)

    def _changed(self, change: Change) -> None:
        for number, controller in enumerate(self._controllers):
            for key in controller.concerned(change):
                self._mark(number, key)

    def _mark(self, number: int, key: Key) -> None:
        self._marked[number, key] = None
        if not self._called:
            self._called = True
            self._later(0.0, self._drain)

    def mark(self, controller: Controller, key: Key) -> None:
        """Have a key looked at because of something that is not in the store."""
        self._mark(self._controllers.index(controller), key)

    def _drain(self) -> None:
        """Until nothing is marked. A controller that fails loses its turn, not the others theirs."""
        self._called = False
        try:
            while self._marked:
                number, key = next(iter(self._marked))
                del self._marked[number, key]
                self._look(number, key)
        finally:
            if self._marked and not self._called:
                self._called = True
                self._later(0.0, self._drain)

    def _look(self, number: int, key: Key) -> None:
        again_s = self._controllers[number].look(key)
        if again_s is not None:
            self._later(again_s, lambda: self._mark(number, key))
