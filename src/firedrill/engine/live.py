"""What the watches say right now: enough to know when to go on, never what is reported.

Fed with each sample as it arrives; asked how long everything has been good. Silence counts as bad, so a dead
prober can never look steady.
"""

import threading
from collections.abc import Iterable
from typing import NamedTuple

from firedrill.model.drill import Drill
from firedrill.model.history import Sample

SILENCE_S = 1.0  # beyond this and the watch's own interval, no answer is no news


class Pulse:
    """One watch on one connection: when it was last bad, and when it last said anything."""

    __slots__ = ("bad", "control", "last", "last_bad", "ok", "patience_s", "since", "was")

    def __init__(self, patience_s: float, *, control: bool) -> None:
        self.patience_s, self.control = patience_s, control
        self.since: float | None = None  # first answer
        self.last = self.last_bad = float("-inf")
        self.ok = self.bad = 0
        self.was = ""

    def hear(self, sample: Sample) -> None:
        self.since = sample.done if self.since is None else self.since
        self.last = max(self.last, sample.done)
        if sample.outcome == "ok":
            self.ok += 1
        else:
            self.bad += 1
            self.last_bad, self.was = max(self.last_bad, sample.done), sample.code

    def good_for(self, now: float) -> float:
        """Seconds since the last bad sample or since the first answer; 0 when silent."""
        if self.since is None or now - self.last > self.patience_s:
            return 0.0
        return now - max(self.since, self.last_bad)


class State(NamedTuple):
    """For the live view: name, up or not, good for how long, answers so far, last code."""

    name: str
    good_for_s: float
    ok: int
    bad: int
    was: str


class Live:
    """Thread-safe: the reader of the prober feeds it, the runner asks."""

    def __init__(self, drill: Drill) -> None:
        self._lock = threading.Lock()
        self._pulses: dict[tuple[str, str], Pulse] = {
            (watch.name, connection): Pulse(SILENCE_S + watch.timeout_s + 2 / watch.rate_hz, control=watch.control)
            for watch in drill.watches
            for connection in watch.connections
        }
        self.ready = threading.Event()
        self.crashed = ""

    def hear(self, samples: Iterable[Sample]) -> None:
        with self._lock:
            for sample in samples:
                if pulse := self._pulses.get((sample.watch, sample.connection)):
                    pulse.hear(sample)

    def good_for(self, now: float) -> float:
        """How long every watch has been good, in seconds; what stands still for the worst of them."""
        with self._lock:
            return min(pulse.good_for(now) for pulse in self._pulses.values())

    def states(self, now: float) -> list[State]:
        with self._lock:
            return [
                State(f"{watch} ({connection})", pulse.good_for(now), pulse.ok, pulse.bad, pulse.was)
                for (watch, connection), pulse in self._pulses.items()
            ]

    def worst(self, now: float) -> str:
        """The watch that keeps the drill waiting, in words."""
        state = min(self.states(now), key=lambda one: one.good_for_s)
        return f"{state.name}: {state.was or 'no answer'}, good for {state.good_for_s:.1f} s"
