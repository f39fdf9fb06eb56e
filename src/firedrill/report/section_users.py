"""Section 5: what users noticed, by journey; and every error code with its first and last sighting."""

from itertools import chain
from typing import NamedTuple

from firedrill.model.history import History
from firedrill.model.verdict import Verdict
from firedrill.report.figures import count, latency, offset, percent
from firedrill.report.table import Column, Table
from firedrill.report.windows import zero_of

MOST_CODES = 100  # a crash loop can make every message a new code; the rest is counted in one line


class Bad(NamedTuple):
    """An answer that was not ok, of a watch or of the load."""

    who: str
    code: str
    outcome: str
    done: float


class Sighting(NamedTuple):
    times: int
    first: float
    last: float


def journeys_table(verdict: Verdict) -> Table | None:
    """None when there was no load."""
    if not verdict.load.journeys:
        return None
    titles = ("journey", "asked", "served", "refused", "unknown", "served share", "p50", "p99", "worst wait")
    rows = [
        (
            row.name,
            *(count(number) for number in (row.asked, row.served, row.refused, row.unknown)),
            percent(row.served / row.asked if row.asked else None),
            *(latency(value) for value in (row.p50_s, row.p99_s, row.worst_s)),
        )
        for row in verdict.load.journeys
    ]
    columns = [Column(title, "number" if index else "") for index, title in enumerate(titles)]
    return Table("What users noticed, journey by journey", columns, rows)


def errors_table(history: History, verdict: Verdict) -> Table | None:
    """From samples and requests alike, most frequent first. None when nothing went wrong."""
    seen = sightings(history)
    if not seen:
        return None
    zero = zero_of(verdict)
    ranked = sorted(seen.items(), key=lambda item: (-item[1].times, item[0]))
    rows = [
        (code, who, what, count(found.times), offset(found.first - zero), offset(found.last - zero))
        for (who, code, what), found in ranked[:MOST_CODES]
    ]
    if rest := ranked[MOST_CODES:]:
        rows.append((f"{count(len(rest))} more codes", "", "", count(sum(found.times for _, found in rest)), "", ""))
    titles = (
        ("code", "code"),
        ("seen by", ""),
        ("means", "quiet"),
        ("times", "number"),
        ("first", "number"),
        ("last", "number"),
    )
    return Table("Errors by code", [Column(*title) for title in titles], rows)


MEANING = {"fail": "refused: it did not happen", "unknown": "no answer: it may have happened"}


def sightings(history: History) -> dict[tuple[str, str, str], Sighting]:
    """(who, code, meaning) -> how often and when, by the time the answer came."""
    seen: dict[tuple[str, str, str], Sighting] = {}
    samples = (
        Bad(f"watch {row.watch}", row.code, row.outcome, row.done) for row in history.samples if row.outcome != "ok"
    )
    asked = (
        Bad(f"load {row.journey}", row.code, row.outcome, row.done) for row in history.requests if row.outcome != "ok"
    )
    for bad in chain(samples, asked):
        key = (bad.who, bad.code or "no code", MEANING[bad.outcome])
        found = seen.get(key, Sighting(0, bad.done, bad.done))
        seen[key] = Sighting(found.times + 1, min(found.first, bad.done), max(found.last, bad.done))
    return seen
