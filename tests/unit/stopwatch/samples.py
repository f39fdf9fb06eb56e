"""Samples by hand, for tests that state what an exact record means."""

from collections.abc import Sequence

from firedrill.model.history import Outcome, Sample

TAKES_S = 0.002


def one(sent: float, outcome: Outcome = "ok", code: str = "", done: float | None = None, seq: int = 0) -> Sample:
    """A sample that was sent when it was due and took 2 ms, unless `done` says otherwise."""
    return Sample("w", "new", seq, sent, sent, sent + TAKES_S if done is None else done, outcome, code, "", burst=False)


def good(begin: int, end: int, every_s: float = 0.1) -> list[Sample]:
    """Prompt answers for the slots from `begin` up to and without `end`."""
    return [one(slot * every_s, seq=slot) for slot in range(begin, end)]


def bad(begin: int, end: int, every_s: float = 0.1) -> list[Sample]:
    """Refusals for the same."""
    return [one(slot * every_s, "fail", "503", seq=slot) for slot in range(begin, end)]


def timeouts(slots: Sequence[int], timeout_s: float = 2.0, every_s: float = 0.1) -> list[Sample]:
    return [one(slot * every_s, "unknown", "timeout", slot * every_s + timeout_s, slot) for slot in slots]
