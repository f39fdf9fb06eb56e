"""A server in virtual time that goes away in four ways, and a watch that samples it: what is true is known exactly."""

from collections.abc import Sequence
from random import Random
from typing import Literal, NamedTuple

from firedrill.model.history import Outcome, Sample

Way = Literal["refuse", "reset", "hang", "hold"]


class Gone(NamedTuple):
    """Not serving in [began, ended)."""

    began: float
    ended: float
    way: Way


class Watching(NamedTuple):
    """How it is asked: `jitter_s` is how late a question may leave, answers take between `quick_s` and `slow_s`."""

    interval_s: float
    jitter_s: float
    quick_s: float
    slow_s: float
    timeout_s: float = 0.4


def sample(gone: Sequence[Gone], watching: Watching, until: float, seed: int) -> list[Sample]:
    """What a watch records from 0 to `until`, in order of the answers."""
    random = Random(seed)
    phase = random.uniform(0, watching.interval_s)
    samples = []
    for slot in range(int((until - phase) / watching.interval_s)):
        due = phase + slot * watching.interval_s
        sent = due + random.uniform(0, watching.jitter_s)
        done, outcome, code = answer(gone, watching, sent, random.uniform(watching.quick_s, watching.slow_s))
        samples.append(Sample("w", "new", slot, due, sent, done, outcome, code, "", burst=False))
    return sorted(samples, key=lambda one: one.done)


def answer(gone: Sequence[Gone], watching: Watching, sent: float, takes: float) -> tuple[float, Outcome, str]:
    """A request arrives after a quarter of its time and is worked on for a half."""
    arrives, leaves = sent + takes / 4, sent + takes * 3 / 4
    hit = next((one for one in gone if one.began < leaves and one.ended > arrives), None)
    if hit is None or (hit.way == "refuse" and arrives < hit.began):
        return sent + takes, "ok", ""
    struck = max(arrives, hit.began)
    match hit.way:
        case "refuse":
            return sent + takes, "fail", "503"
        case "reset":
            return struck + takes / 4, "unknown", "reset"
        case "hold" if hit.ended + takes / 2 - sent < watching.timeout_s:
            return hit.ended + takes / 2, "ok", ""
        case _:
            return sent + watching.timeout_s, "unknown", "timeout"
