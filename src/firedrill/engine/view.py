"""What a run tells the person who waits: plain lines here; the terminal's live view is one of these too."""

import sys
from typing import Protocol

from firedrill.engine.live import State


class View(Protocol):
    """`say` is for what happened, `tick` for how the watches stand; both may be called often."""

    def say(self, words: str) -> None: ...
    def tick(self, now_s: float, waiting_for: str, states: list[State]) -> None: ...
    def close(self) -> None: ...


class PlainView:
    """Lines on stderr, for pipes and pipelines: each thing that happened once, no progress."""

    def say(self, words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    def tick(self, now_s: float, waiting_for: str, states: list[State]) -> None:
        pass

    def close(self) -> None:
        pass
