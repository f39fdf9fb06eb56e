"""The verdict in one or two sentences: what a director reads, and often all that anybody reads.

Facts come first (who was back when, what was lost, when redundancy was), then what was missed or left open. It words
the verdict and decides nothing; intervals are rounded outward, so that the sentence never claims more than was measured.
"""

import math

from firedrill.model.drill import Drill
from firedrill.model.interval import Interval
from firedrill.model.reversibility import mending
from firedrill.model.units import in_words
from firedrill.model.verdict import Verdict, Verdict3, Watch, Writes

NAMED = 3  # watches named one by one; with more, the slowest and a count


def sentence(drill: Drill, verdict: Verdict) -> str:
    """In words; `verdict.sentence` itself is not read, so that it may still be empty."""
    if not verdict.faults:
        why = verdict.injection.why or "the run ended before the fault"
        return f"{drill.title}: nothing was injected ({why}), so that nothing is known about the system."
    facts = [recovery(drill, verdict), *harm(verdict), redundancy(verdict)]
    return " ".join([f"{drill.title}: {'; '.join(facts)}.", *remarks(verdict)])


def recovery(drill: Drill, verdict: Verdict) -> str:
    """The watches with a limit on their recovery; every watch that is not a control when none has one."""
    limited = {row.watch for row in drill.objectives if row.kind == "recovers within"}
    watched = {name: watch for name, watch in verdict.watches.items() if not watch.control}
    judged = {name: watch for name, watch in watched.items() if name in limited} or watched
    if not any(watch.samples for watch in judged.values()):
        return "no watch recorded anything"
    down = sorted(((name, row.recovery_s) for name, row in judged.items() if row.recovery_s), key=slowest_first)
    again = gone_again(judged)
    if not down:
        return ", ".join([unseen(list(judged.values()), "before it was mended " if again else ""), *again])
    first, *others = down
    return ", ".join([back(*first, after=True), *further(others), *never_down(judged), *again])


def slowest_first(row: tuple[str, Interval]) -> tuple[float, str]:
    return (-math.inf if row[1].high is None else -row[1].middle, row[0])


def unseen(watches: list[Watch], when: str) -> str:
    limit = max(watch.detection_limit_s for watch in watches)
    return f"no outage was seen {when}(one longer than {in_words(limit)} would have been)"


def gone_again(judged: dict[str, Watch]) -> list[str]:
    """What the mending itself broke; with more than a few, how many."""
    names = [name for name, watch in judged.items() if watch.gone_again]
    if not names:
        return []
    who = (
        f"{len(names)} watches"
        if len(names) > NAMED
        else " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    )
    were = "was" if len(names) == 1 else "were"
    gone = "gone again" if all(judged[name].recovery_s for name in names) else "gone"
    return [f"{who} {were} {gone} when it was mended"]


def back(name: str, took: Interval, after: bool) -> str:
    if took.high is None:
        return f"{name} was not seen to come back within {in_words(took.low)}"
    return f"{name} was back {span(took)} after the command" if after else f"{name} after {span(took)}"


def further(others: list[tuple[str, Interval]]) -> list[str]:
    if len(others) < NAMED:
        return [back(name, took, after=False) for name, took in others]
    return [f"{len(others)} other watches sooner"]


def never_down(judged: dict[str, Watch]) -> list[str]:
    quiet = [name for name, watch in judged.items() if watch.samples and not watch.recovery_s and not watch.gone_again]
    if len(quiet) > NAMED:
        return [f"{len(quiet)} watches saw no outage"]
    return [f"{name} saw no outage" for name in quiet]


def harm(verdict: Verdict) -> list[str]:
    """What became of the writes, and every statement that was found untrue."""
    writes = verdict.writes
    found = [loss(writes)] if writes.attempted else []
    if writes.duplicated:
        found.append(f"{counted(writes.duplicated, 'write')} happened more than once")
    if writes.unexpected:
        found.append(f"{counted(writes.unexpected, 'write')} happened that nobody was told of")
    return found + [
        f'"{row.name}" was violated {counted(row.violated, "time")}' for row in verdict.invariants if row.violated
    ]


def loss(writes: Writes) -> str:
    if not writes.witnesses:
        return "loss could not be judged, since no witness was read"
    if not writes.lost:
        return f"none of {counted(writes.acknowledged, 'acknowledged write')} was lost"
    where = "all from" if writes.shape == "tail" else "spread over"
    return (
        f"{writes.lost:,} of {counted(writes.acknowledged, 'acknowledged write')} {'was' if writes.lost == 1 else 'were'} "
        f"lost, {where} the last {in_words(writes.lost_span_s)} before it{told_words(writes)}"
    )


def told_words(writes: Writes) -> str:
    """Those that the outside believes in, though they are gone."""
    if writes.lost_told is None:
        return ""
    return f" (the archive has {f'{writes.lost_told:,}' if writes.lost_told else 'none'} of them)"


def redundancy(verdict: Verdict) -> str:
    exposure = verdict.put_back.exposure_s
    if exposure is None:
        return "it is not known when redundancy was back"
    if exposure.high == 0:
        return "redundancy was not seen to be lost"
    if exposure.high is None:
        return f"redundancy was not seen to come back within {in_words(exposure.low)}"
    return f"redundancy was back after {span(exposure)}"


def remarks(verdict: Verdict) -> list[str]:
    """What failed, then what stayed open; a run that passed needs neither."""
    said = []
    for outcome, words in (("fail", "Failed"), ("inconclusive", "Inconclusive")):
        if names := [name for name, found in judged_parts(verdict) if found == outcome]:
            said.append(f"{words}: {', '.join(names)}.")
    return said


def judged_parts(verdict: Verdict) -> list[tuple[str, Verdict3]]:
    after = mending(fault.reversibility for fault in verdict.faults)
    return [
        (with_why("injection", verdict.injection.why), verdict.injection.outcome),
        *((f"{row.name} {row.limit_words}".strip(), row.outcome) for row in verdict.objectives),
        *((row.name, row.outcome) for row in verdict.invariants),
        (with_why(after.noun, verdict.put_back.why), verdict.put_back.outcome),
        (with_why("measurement", verdict.measurement.why), verdict.measurement.outcome),
    ]


def with_why(name: str, why: str) -> str:
    """The first reason in full, the others as a number: the page lists them all."""
    first, *others = why.split("; ")
    if not first:
        return name
    return f"{name} ({first}, and {counted(len(others), 'other reason')})" if others else f"{name} ({first})"


def span(interval: Interval) -> str:
    """A closed interval, rounded outward: `3.85 to 3.91 s`."""
    low, high = interval.low, interval.low if interval.high is None else interval.high
    if high >= 100:
        return f"{in_words(math.floor(low))} to {in_words(math.ceil(high))}"
    digits = 2 if high < 10 else 1
    down = math.floor(low * 10**digits + 1e-9) / 10**digits  # without it 3.91, stored as 3.9099…, would be said as 3.90
    up = math.ceil(high * 10**digits - 1e-9) / 10**digits
    return f"{up:.{digits}f} s" if down == up else f"{down:.{digits}f} to {up:.{digits}f} s"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
