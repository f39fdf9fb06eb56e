"""Message ids that count once: within a window after its first arrival, a message with the same id is taken and dropped."""

from collections.abc import Iterator


class Duplicates:
    """Oldest first. Times are seconds since 1970."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def is_new(self, message_id: str, now: float, window_s: float | None) -> bool:
        """Whether the id has not been seen; from now on it has. Without a window or an id everything is new."""
        if window_s is None or not message_id:
            return True
        while self._until and next(iter(self._until.values())) <= now:
            del self._until[next(iter(self._until))]
        if message_id in self._until:
            return False
        self._until[message_id] = now + window_s
        return True

    def remember(self, message_id: str, until: float) -> None:
        """An id from the journal; one that was seen since stays as it is."""
        if message_id:
            self._until.setdefault(message_id, until)

    def items(self) -> Iterator[tuple[str, float]]:
        yield from self._until.items()
