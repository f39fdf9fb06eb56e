"""How much of the journal the other region has: everything that was committed at least `lag_s` ago.

The copy of an append-only file is a beginning of it, so the copy is a length and no second file. What a namespace finds
on its disk when it starts counts as copied.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec


class Lag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """0 is a synchronous copy."""

    lag_s: float = 0.0


class Difference(NamedTuple):
    """Messages that are `lost` with the part that was not copied, and those that are there `again`."""

    lost: int
    again: int


class Copy:
    """`now()` gives seconds since 1970."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.lag_s = 0.0
        self._now = now
        self._size = 0
        self._coming: deque[tuple[float, int]] = deque()

    def restart(self, size: int) -> None:
        """The file was read, written anew or cut: all of it is copied."""
        self._size = size
        self._coming.clear()

    def committed(self, size: int) -> None:
        """The file has grown to `size` bytes."""
        self._coming.append((self._now(), size))
        self._arrive()

    def size(self) -> int:
        """How many bytes of the file have been copied."""
        self._arrive()
        return self._size

    def _arrive(self) -> None:
        before = self._now() - self.lag_s
        while self._coming and self._coming[0][0] <= before:
            self._size = self._coming.popleft()[1]
