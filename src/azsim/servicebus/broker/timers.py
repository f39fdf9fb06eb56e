"""Things that happen by themselves: locks that end, messages that become due or too old. One heap, no polling."""

import heapq
from collections.abc import Callable
from itertools import count


class Timers:
    """`tick(now)` does what is due; `next_due` says when to call it. Seconds since 1970."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self.changed: Callable[[], None] = lambda: None

    def at(self, when: float, action: Callable[[float], None]) -> None:
        first = not self._heap or when < self._heap[0][0]
        heapq.heappush(self._heap, (when, next(self._order), action))
        if first:
            self.changed()

    def clear(self) -> None:
        self._heap.clear()
        self.changed()

    @property
    def next_due(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    def tick(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            heapq.heappop(self._heap)[2](now)
