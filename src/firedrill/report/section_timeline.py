"""Section 3: the timeline in four pictures, and the same as tables for who cannot see or wants the digits."""

from typing import NamedTuple

from markupsafe import Markup

from firedrill.model import events
from firedrill.model.drill import Drill
from firedrill.model.history import Event, History, Request
from firedrill.model.reversibility import PUT_BACK, Mending, mending
from firedrill.model.verdict import Measured, Outage, Verdict
from firedrill.report.buckets import quantile
from firedrill.report.figures import count, duration, latency, offset, offset_span, percent, plural, span
from firedrill.report.lanes_cause import LAG, said, unmoved
from firedrill.report.scale import Window
from firedrill.report.table import Cell, Column, Table
from firedrill.report.timeline import NARROW, WIDE, draw, lanes_of
from firedrill.report.windows import bands_of, outside, whole, zero_of, zoomed

QUIET = frozenset({events.RUN_STARTED, events.OBSERVED, events.SEALED})
SHOWN_FIRST = ("name", "subject", "attribute", "was", "value", "on", "status", "error", "why")
ARROW = " \u2192 "
POLLED = ("low", "high")
WHEN = ("before the first outage", "while a watch was down", "otherwise")
WHEN_QUIET = ("before the command", "", "after the command")
SAID_AS = {"undo": "calls"}  # keys of events that read better so
FOLLOWED = {"put-back": "after the {mending}", "before": "before the fault"}
DASHES = ("\u2013",) * 4


class Timeline(NamedTuple):
    """Pictures in pairs (wide, narrow), and tables."""

    zoomed: Markup
    whole: Markup
    outside: str
    unmoved: str  # what was looked at and is in no picture
    outages: Table
    load: Table | None
    happened: Table


def timeline(drill: Drill, history: History, verdict: Verdict) -> Timeline:
    near, run = zoomed(history, verdict), whole(history, verdict)
    return Timeline(
        pictures(drill, history, verdict, near, "Timeline around the outage"),
        pictures(drill, history, verdict, run, "Timeline of the whole run"),
        outside_words(outside(verdict, near)),
        ", ".join(unmoved(history)),
        outages_table(verdict),
        load_table(history, verdict) if history.requests else None,
        events_table(history, verdict),
    )


def outside_words(number: int) -> str:
    """What the first picture leaves out."""
    if not number:
        return ""
    return f"{plural(number, 'outage lies', 'outages lie')} outside this picture: see the whole run."


def pictures(drill: Drill, history: History, verdict: Verdict, window: Window, title: str) -> Markup:
    lanes = lanes_of(drill, history, verdict, window)
    return Markup("").join(draw(lanes, verdict, window, layout, title) for layout in (WIDE, NARROW))


def outages_table(verdict: Verdict) -> Table:
    columns = (
        "watch",
        "connection",
        "began",
        "ended",
        "down",
        "back after the command",
        "errors by code, and what it followed",
    )
    zero = zero_of(verdict)
    after = mending(fault.reversibility for fault in verdict.faults).noun
    rows = [
        row
        for name, watch in verdict.watches.items()
        for side, found in watch.connections.items()
        for row in outage_rows(name + (" (control)" if watch.control else ""), side, found, zero, after)
    ]
    kinds = ("", "", "number", "number", "strong right", "right", "")
    return Table("Every outage that a watch saw", [Column(*pair) for pair in zip(columns, kinds, strict=True)], rows)


def outage_rows(name: str, side: str, found: Measured, zero: float, after: str) -> list[list[Cell]]:
    if not found.samples:
        return [[name, side, *DASHES, "not measured: no samples"]]
    if not found.outages:
        unseen = f"no outage seen; one longer than {duration(found.detection_limit_s)} would have been"
        return [[name, side, *DASHES, unseen]]
    return [[name, side, *outage_cells(outage, zero, after)] for outage in found.outages]


def outage_cells(outage: Outage, zero: float, after: str) -> list[Cell]:
    began, ended = offset_span(outage.began_s, zero), offset_span(outage.ended_s, zero)
    back = span(outage.recovery_s) if outage.during == "fault" else "\u2013"
    return [began, ended, span(outage.length_s), back, cause_words(outage, after)]


def cause_words(outage: Outage, after: str) -> str:
    codes = ", ".join(f"{code} \u00d7 {count(times)}" for code, times in sorted(outage.errors.items()))
    return f"{codes}; {FOLLOWED[outage.during].format(mending=after)}" if outage.during in FOLLOWED else codes


def load_table(history: History, verdict: Verdict) -> Table:
    """The charts of latency and answers in figures: before, during and after, by when a request was due."""
    bands = bands_of(verdict)
    turn = bands[0][0] if bands else zero_of(verdict)
    groups: dict[str, list[Request]] = {name: [] for name in (WHEN if bands else WHEN_QUIET)}
    before, during, after = groups.values()
    for row in history.requests:
        down = any(start <= row.due < end for start, end in bands)
        (during if down else before if row.due < turn else after).append(row)
    titles = ("when due", "requests", "served", "refused", "unknown", "served share", "p50", "p95", "p99", "worst")
    columns = [Column(title, "number" if index else "") for index, title in enumerate(titles)]
    return Table("The load in figures", columns, [load_row(name, rows) for name, rows in groups.items() if rows])


def load_row(name: str, rows: list[Request]) -> list[Cell]:
    took = sorted(row.done - row.due for row in rows)
    served = sum(row.outcome == "ok" for row in rows)
    refused = sum(row.outcome == "fail" for row in rows)
    counts = [count(number) for number in (len(rows), served, refused, len(rows) - served - refused)]
    return [name, *counts, percent(served / len(rows)), *(latency(quantile(took, q)) for q in (0.5, 0.95, 0.99, 1.0))]


def events_table(history: History, verdict: Verdict) -> Table:
    """What happened and who did it, as recorded; the hundreds of readings of the lag are left to their chart."""
    zero = zero_of(verdict)
    after = mending(fault.reversibility for fault in verdict.faults)
    rows = [
        (offset(row.at - zero), shown(row.kind, after), told(row, zero), row.by)
        for row in history.events
        if worth_telling(row)
    ]
    return Table(
        "What happened, as recorded", (Column("when", "number"), Column("event"), Column("what"), Column("by")), rows
    )


def shown(kind: str, after: Mending) -> str:
    """The kind as it is recorded; what follows a one-way fault is no undo."""
    return kind if after is PUT_BACK else kind.replace("undo.", f"{after.noun}.")


def worth_telling(event: Event) -> bool:
    return event.kind not in QUIET or (event.kind == events.OBSERVED and event.data.get("attribute") != LAG)


def told(event: Event, zero: float) -> str:
    """The data of an event in words; a moment that was seen by polling is said as an interval."""
    data = event.data
    if event.kind == events.OBSERVED:
        change = [said(data.get(key)) for key in ("was", "value") if data.get(key)]
        return f"{said(data.get('subject'))} {said(data.get('attribute'))}: {ARROW.join(change)}"
    keys = [key for key in SHOWN_FIRST if data.get(key) not in (None, "")]
    keys += [key for key in data if key not in SHOWN_FIRST and key not in POLLED and data[key] is not None]
    words = [plain(data[key]) if key == "name" else f"{SAID_AS.get(key, key)} {plain(data[key])}" for key in keys]
    if all(isinstance(data.get(key), float) for key in POLLED):
        words.append(f"between {offset(data['low'] - zero)} and {offset(data['high'] - zero)}")
    return ", ".join(words)


def plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
