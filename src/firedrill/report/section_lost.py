"""Section 6: what was lost, by name, as the witnesses tell it. Every figure here is the verdict's own."""

from collections.abc import Sequence
from typing import NamedTuple

from firedrill.analysis.loss import ARCHIVE, short
from firedrill.model.drill import Drill
from firedrill.model.history import History
from firedrill.model.verdict import LostWrite, Verdict, Writes
from firedrill.report.figures import count, duration, offset, plural
from firedrill.report.table import Cell, Column, Outcome, Table
from firedrill.report.windows import zero_of

SHOWN = 50  # lost writes listed at once; the others are one click away
SHAPES = {"tail": "one unbroken run, the newest before the fault", "holes": "with kept writes between them"}
LIST_COLUMNS = (Column("write", "code"), Column("what"), Column("kind"), Column("acknowledged", "number"))


class Lost(NamedTuple):
    """`listed` shows the first lost writes, `rest` the others (None when all are shown)."""

    sentence: str
    witnesses: Table | None
    classes: Table
    listed: Table | None
    rest: Table | None
    invariants: Table | None


def lost(drill: Drill, history: History, verdict: Verdict) -> Lost:
    writes, rows = verdict.writes, lost_rows(verdict)
    return Lost(
        loss_sentence(writes),
        witness_table(writes, history) if writes.attempted else None,
        class_table(writes),
        Table("Lost writes, by name", LIST_COLUMNS, rows[:SHOWN]) if rows else None,
        Table("The other lost writes", LIST_COLUMNS, rows[SHOWN:]) if rows[SHOWN:] else None,
        invariant_table(verdict) if drill.invariants or verdict.invariants else None,
    )


def loss_sentence(writes: Writes) -> str:
    if not writes.attempted:
        return "The drill made no writes, so that nothing can be said about loss."
    if not writes.witnesses:
        return "No witness was asked what is stored, so that loss cannot be judged."
    predicted = predicted_words(writes)
    if not writes.lost:
        return f"None of {count(writes.acknowledged)} acknowledged writes was lost. {predicted}"
    shape = SHAPES.get(writes.shape, writes.shape)
    return (
        f"{count(writes.lost)} of {plural(writes.acknowledged, 'acknowledged write')} are gone: the last "
        f"{duration(writes.lost_span_s)} before the fault, {shape}. {predicted}"
        if writes.shape == "tail"
        else f"{count(writes.lost)} of {plural(writes.acknowledged, 'acknowledged write')} are gone, spread over "
        f"{duration(writes.lost_span_s)}, {shape}. {predicted}"
    )


def predicted_words(writes: Writes) -> str:
    if writes.predicted_s is None:
        return "The platform gave no prediction at the command."
    return f"Predicted at the command, from the replication lag: the last {duration(writes.predicted_s)}."


def witness_table(writes: Writes, history: History) -> Table:
    """The ledger, what the system holds, and the archive side by side. A witness that was not asked says so."""
    inside = [name for name in map(short, writes.witnesses) if name != ARCHIVE]
    rows: list[list[Cell]] = []
    for number, ledger, there, so in witness_rows(writes, history):
        archive = in_archive(writes, so)
        rows.append(
            [count(number), ledger, there if inside else "not asked", archive, so if inside else "cannot be judged"]
        )
    holder = f"{', '.join(inside) or 'database'} has it"
    titles = (
        ("writes", "number"),
        ("ledger says", ""),
        (holder, ""),
        ("archive has it", "quiet"),
        ("so it is", "strong"),
    )
    return Table("The witnesses side by side", [Column(*title) for title in titles], rows)


def witness_rows(writes: Writes, history: History) -> list[tuple[int, str, str, str]]:
    there = set(writes.unexpected_ids)
    refused_yet_there = sum(row.id in there for row in history.writes if row.answer == "refused")
    rows = [
        (writes.acknowledged - writes.lost, "acknowledged", "yes", "kept"),
        (writes.lost, "acknowledged", "no", "lost"),
        (writes.recovered, "no answer", "yes", "recovered"),
        (writes.unknown - writes.recovered, "no answer", "no", "did not happen"),
        (writes.refused - refused_yet_there, "refused", "no", "refused"),
        (writes.duplicated, "once", "more than once", "duplicated"),
        (writes.unexpected, "refused or never sent", "yes", "unexpected"),
    ]
    return [row for row in rows if row[0] or row[3] in ("kept", "lost")]


def in_archive(writes: Writes, so: str) -> str:
    """Only the lost are looked up: one that the archive has was told outside and is unknown inside."""
    if writes.lost_told is None:
        return "not asked"
    return f"{count(writes.lost_told)} of {count(writes.lost)}" if so == "lost" else "\u2013"


def class_table(writes: Writes) -> Table:
    rows: Sequence[Sequence[Cell]] = [
        ("attempted", count(writes.attempted), "written into the ledger before they were sent"),
        ("acknowledged", count(writes.acknowledged), "the system said yes"),
        ("refused", count(writes.refused), "the system said no"),
        ("unknown", count(writes.unknown), "no answer: it may have happened"),
        ("lost", count(writes.lost), "acknowledged, and not there any more"),
        ("recovered", count(writes.recovered), "no answer, yet there"),
        ("duplicated", count(writes.duplicated), "there more than once"),
        ("unexpected", count(writes.unexpected), "there, though refused or never sent"),
    ]
    return Table("Writes by class", (Column("class"), Column("writes", "number"), Column("means", "quiet")), rows)


def lost_rows(verdict: Verdict) -> list[list[Cell]]:
    zero = zero_of(verdict)
    return [lost_row(row, zero) for row in verdict.writes.lost_writes]


def lost_row(row: LostWrite, zero: float) -> list[Cell]:
    return [row.id, row.detail, row.kind, offset(row.answered_s - zero)]


def invariant_table(verdict: Verdict) -> Table:
    titles = (
        ("invariant", ""),
        ("checked", "number"),
        ("since the fault", "number"),
        ("violated", "number"),
        ("unanswered", "number"),
        ("first violation", "quiet"),
        ("outcome", "verdict-cell"),
    )
    rows: list[list[Cell]] = [
        [
            row.name,
            *(count(number) for number in (row.checked, row.checked_from_fault, row.violated, row.unanswered)),
            row.first_violation or "none",
            Outcome(row.outcome),
        ]
        for row in verdict.invariants
    ]
    return Table("Invariants and how often they were checked", [Column(*title) for title in titles], rows)
