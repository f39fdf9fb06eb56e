"""Section 7: what was put back, when, what cannot be, and how long the system stood on one leg."""

from typing import NamedTuple

from firedrill.model import events
from firedrill.model.history import Event, History
from firedrill.model.interval import Interval
from firedrill.model.reversibility import WORDS, mending
from firedrill.model.verdict import Verdict
from firedrill.report.figures import offset, offset_span, span
from firedrill.report.lanes_cause import limits, said
from firedrill.report.table import Cell, Column, Outcome, Table
from firedrill.report.windows import zero_of


class PutBackSection(NamedTuple):
    title: str
    outcome: Outcome
    exposure: str
    faults: Table
    undos: Table | None


def put_back(history: History, verdict: Verdict) -> PutBackSection:
    undone = undo_rows(history, zero_of(verdict))
    after = mending(fault.reversibility for fault in verdict.faults)
    columns = (Column(after.noun), Column("asked", "number"), Column("done", "number"), Column("ended"))
    return PutBackSection(
        f"{after.noun.capitalize()} and exposure",
        Outcome(verdict.put_back.outcome, verdict.put_back.why),
        exposure_words(verdict),
        faults_table(verdict),
        Table(after.done, columns, undone, shown=True) if undone else None,
    )


def exposure_words(verdict: Verdict) -> str:
    if not verdict.faults:
        return "Nothing was injected, so that there was nothing to put back."
    exposure = verdict.put_back.exposure_s
    if exposure is None:
        return "How long the system stood without its second leg was not measured."
    if exposure.high == 0:
        return "Redundancy was not seen to be lost."
    if exposure.high is None:
        return f"Exposed: redundancy was not seen to come back within {span(Interval(exposure.low, exposure.low))}."
    return f"Exposed for {span(exposure)}: from the command until redundancy was back."


def faults_table(verdict: Verdict) -> Table:
    zero = zero_of(verdict)
    rows = [
        (
            fault.name,
            fault.on,
            "planned" if fault.planned else "forced",
            offset(fault.at_s - zero),
            "not seen" if fault.accepted_s is None else offset(fault.accepted_s - zero),
            offset_span(fault.control_plane_done_s, zero),
            f"{fault.reversibility}: {WORDS.get(fault.reversibility, 'not declared')}",
        )
        for fault in verdict.faults
    ]
    titles = (
        ("fault", ""),
        ("on", ""),
        ("kind", ""),
        ("command", "number"),
        ("accepted", "number"),
        ("done", "number"),
        ("can it be undone", ""),
    )
    return Table("What was broken", [Column(*title) for title in titles], rows, shown=True)


def undo_rows(history: History, zero: float) -> list[list[Cell]]:
    """One row per undo that was written before its fault, with how it ended."""
    names = dict.fromkeys(said(row.data.get("name")) for row in history.events if row.kind.startswith("undo."))
    return [undo_row(name, history, zero) for name in names]


def undo_row(name: str, history: History, zero: float) -> list[Cell]:
    mine = [row for row in history.events if row.kind.startswith("undo.") and said(row.data.get("name")) == name]
    asked = next((row for row in mine if row.kind == events.UNDO_COMMAND), None)
    last = mine[-1]
    done = offset_span(Interval(*limits(last)), zero) if last.kind == events.UNDO_DONE else "\u2013"
    return [name, "\u2013" if asked is None else offset(asked.at - zero), done, ending(last)]


def ending(last: Event) -> str:
    """How it ended, in words; an undo that was only written was never needed or never reached."""
    words = {
        events.UNDO_DONE: f"done: {said(last.data.get('status'))}",
        events.UNDO_FAILED: f"failed: {said(last.data.get('error'))}",
        events.UNDO_NOT_NEEDED: f"not needed: {said(last.data.get('why'))}",
        events.UNDO_COMMAND: "asked, not accepted while we looked",
        events.UNDO_ACCEPTED: "accepted, not seen to end",
        events.UNDO_WRITTEN: "written down before the fault",
    }
    return words.get(last.kind, last.kind)
