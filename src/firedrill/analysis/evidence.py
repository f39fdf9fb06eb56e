"""What each sample of one watch over one connection proves about the system, and no more. Pure: no clock, no files.

With `sent` and `done` as recorded, `late` the wait from which on an answer is late, and `usual` the time that nearly
all answers stay within:

- an answer that was not late: the system served at some moment in (sent, done];
- a late answer: it did not serve at some moment in (sent, sent + usual], and it served in (done - usual, done];
- a bad one (fail or unknown) that was not late: it did not serve at some moment in (sent, done];
- a late bad one, such as a time-out: it did not serve at some moment in (sent, sent + usual].

So a request that the system held and answered late never counts as up when it was sent, and a time-out never as down
until it was given up. A lone bad sample that was under way for long while others were answered was cut when it ended,
not when it was sent. Only what was late is bounded by `usual`: an answer that our own busy machine read a little late
proves no less, and no more, than its times say.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from firedrill.analysis.users import quantile
from firedrill.model.history import Sample

# Twice the p95, not the p99: a few answers that were held for a moment must not pass for usual.
USUAL_TIMES, USUAL_SHARE = 2.0, 0.95
CRASHED = "crashed: "  # a probe that crashed says nothing about the system
GIVEN_UP = "timeout"


class Down(NamedTuple):
    """The system did not serve at some moment in (after, by]."""

    after: float
    by: float
    code: str


class Up(NamedTuple):
    """The system served at some moment in (after, by]; it was asked at `sent`."""

    after: float
    by: float
    sent: float


class Evidence(NamedTuple):
    """`downs` by `after`, `ups` by `by`, `late` by `sent`; `prompt`: when what was answered in time was asked for."""

    downs: list[Down]
    ups: list[Up]
    late: list[Up]
    prompt: list[float]
    usual_s: float

    def served_before(self, moment: float) -> float | None:
        """The latest time after which the system served, by `moment` at the latest."""
        best: float | None = None
        for up in reversed(self.ups[: bisect_right(self.ups, moment, key=attrgetter("by"))]):
            if best is not None and up.by <= best:
                break  # what was answered earlier cannot say more
            best = up.sent if best is None else max(best, up.sent)
        return best

    def served_after(self, moment: float) -> float | None:
        """By when the system had certainly served again after `moment`."""
        later = self.ups[bisect_left(self.ups, moment, key=attrgetter("by")) :]
        return next((up.by for up in later if up.after >= moment), None)

    def prompt_between(self, low: float, high: float) -> bool:
        """Whether something asked for in (low, high) was promptly answered."""
        at = bisect_right(self.prompt, low)
        return at < len(self.prompt) and self.prompt[at] < high


def telling(samples: Sequence[Sample]) -> list[Sample]:
    """The samples that say something about the system, in the order in which they were sent.

    Left out: crashes of the probe, and calls still under way when the last one was due that were then given up, since
    nothing was asked afterwards that could confirm them.
    """
    last = max((one.due for one in samples), default=0.0)
    said = (one for one in samples if not one.code.startswith(CRASHED))
    return sorted((one for one in said if one.outcome != "unknown" or one.done <= last), key=attrgetter("sent", "done"))


def usual_answer(samples: Sequence[Sample], late_s: float) -> float:
    """Seconds that nearly all prompt answers stay within; `late_s` when there are none."""
    waits = (one.done - one.sent for one in samples if one.outcome == "ok")
    slow = quantile(sorted(wait for wait in waits if wait <= late_s), USUAL_SHARE)
    return late_s if slow is None else min(late_s, USUAL_TIMES * slow)


def weigh(samples: Sequence[Sample], late_s: float) -> Evidence:
    """What samples (as `telling` gives them) prove."""
    usual_s = usual_answer(samples, late_s)
    good = [one for one in samples if one.outcome == "ok"]
    ups = [Up(one.done - usual_s if is_late(one, late_s) else one.sent, one.done, one.sent) for one in good]
    downs = [down_of(samples, at, usual_s, late_s) for at, one in enumerate(samples) if one.outcome != "ok"]
    return Evidence(
        sorted(downs),
        sorted(ups, key=attrgetter("by")),
        [up for up, one in zip(ups, good, strict=True) if is_late(one, late_s)],
        [one.sent for one in good if not is_late(one, late_s)],
        usual_s,
    )


def is_late(sample: Sample, late_s: float) -> bool:
    return sample.done - sample.sent > late_s


def down_of(samples: Sequence[Sample], at: int, usual_s: float, late_s: float) -> Down:
    """What the bad sample number `at` proves."""
    sample = samples[at]
    if not is_late(sample, late_s):
        return Down(sample.sent, sample.done, sample.code)
    if sample.code == GIVEN_UP or not is_alone(samples, at, late_s):
        return Down(sample.sent, sample.sent + usual_s, sample.code)
    return Down(last_answer_during(samples, at), sample.done, sample.code)


def is_alone(samples: Sequence[Sample], at: int, late_s: float) -> bool:
    """Whether what was sent just before and just after it was answered in time while it was under way."""
    neighbours = [samples[other] for other in (at - 1, at + 1) if 0 <= other < len(samples)]
    return all(one.outcome == "ok" and not is_late(one, late_s) and one.done < samples[at].done for one in neighbours)


def last_answer_during(samples: Sequence[Sample], at: int) -> float:
    """When the last answer came to what was asked after sample `at`, while that one was under way."""
    latest, end = samples[at].sent, samples[at].done
    for one in samples[at + 1 :]:
        if one.sent >= end:
            break
        if one.outcome == "ok" and one.done < end:
            latest = max(latest, one.done)
    return latest
