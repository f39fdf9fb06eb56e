"""A file that another process is writing, read as it grows: whole lines only, each once."""

from pathlib import Path


class Tail:
    """The file may not be there yet, and may be gone later; both mean that there is nothing new."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0

    def lines(self) -> list[bytes]:
        """Every line that was finished since the last call."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._at)
                whole, newline, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return []
        self._at += len(whole) + len(newline)
        return whole.split(b"\n") if newline else []
