"""Section 8: how well we measured. A reader who doubts a figure above starts here."""

from typing import NamedTuple

from firedrill.model.drill import Drill
from firedrill.model.history import History, Request
from firedrill.model.verdict import Measured, Verdict, Watch
from firedrill.report.buckets import quantile
from firedrill.report.figures import count, duration, latency, percent, plural
from firedrill.report.table import Cell, Column, Fact, Outcome, Table


class Quality(NamedTuple):
    outcome: Outcome
    facts: list[Fact]
    watches: Table | None


def quality(drill: Drill, history: History, verdict: Verdict) -> Quality:
    found = verdict.measurement
    facts = [
        Fact("Clock", found.clock),
        Fact("Samples", f"{count(found.samples)}, with {plural(found.holes, 'hole')} in the schedule"),
        Fact("Lateness of our own schedule", f"p99 {latency(found.jitter_p99_s)}"),
        Fact("Control watch", control_words(verdict)),
        Fact("Load generator", load_words(drill, history.requests, verdict)),
    ]
    return Quality(Outcome(found.outcome, found.why), facts, watches_table(drill, verdict) if verdict.watches else None)


def control_words(verdict: Verdict) -> str:
    """An untouched path: what goes wrong there is our own trouble."""
    controls = {name: watch for name, watch in verdict.watches.items() if watch.control}
    if not controls:
        return "none: trouble of our own cannot be told from trouble of the system"
    down = [name for name, watch in controls.items() if watch.outages]
    if down:
        return f"{', '.join(down)} went down on a path that the fault does not touch: part of the trouble was our own"
    if not any(watch.samples for watch in controls.values()):
        return "not asked: no samples"
    return f"{', '.join(controls)} stayed good throughout: the trouble was the system's, not ours"


def load_words(drill: Drill, requests: list[Request], verdict: Verdict) -> str:
    if drill.load is None:
        return "no load in this drill"
    if not requests:
        return f"{drill.load.rate_hz:g}/s declared, nothing recorded"
    late = sorted(row.sent - row.due for row in requests)
    return (
        f"{verdict.load.rate:.1f}/s of {drill.load.rate_hz:g}/s declared, {plural(verdict.load.requests, 'request')}; "
        f"left late by p99 {latency(quantile(late, 0.99))}, at most {latency(late[-1])}"
    )


def watches_table(drill: Drill, verdict: Verdict) -> Table:
    titles = (
        "watch",
        "connection",
        "rate",
        "samples",
        "missing",
        "ok",
        "failed",
        "unknown",
        "available",
        "p50",
        "p99",
        "worst",
        "would have seen",
    )
    columns = [Column(title, "number" if index > 1 else "") for index, title in enumerate(titles)]
    rates = {spec.name: spec.rate_hz for spec in drill.watches}
    rows = [
        watch_row(name, watch, side, found, rates.get(name))
        for name, watch in verdict.watches.items()
        for side, found in watch.connections.items()
    ]
    return Table("Every watch, asked in every way", columns, rows)


def watch_row(name: str, watch: Watch, side: str, found: Measured, rate: float | None) -> list[Cell]:
    counts = (found.samples, found.missing, found.ok, found.failed, found.unknown)
    return [
        f"{name} (control)" if watch.control else name,
        side,
        "\u2013" if rate is None else f"{rate:g}/s",
        *(count(number) for number in counts),
        percent(found.availability),
        *(latency(value) for value in (found.p50_s, found.p99_s, found.worst_s)),
        f"> {duration(found.detection_limit_s)}",
    ]
