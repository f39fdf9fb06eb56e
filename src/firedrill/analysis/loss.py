"""Which writes were lost, by name: what the system acknowledged against what is there afterwards.

The classes are Jepsen's: acknowledged, lost (acknowledged, not there), recovered (answered unknown, yet there),
duplicated (there more than once), unexpected (there, never attempted or refused), unknown. Without a witness nothing
is judged: that is inconclusive, never "none lost". The archive says what the outside was told: what only it has is lost
all the same, so it is no witness of what is there.
"""

from collections.abc import Sequence

from firedrill.model.history import Stored, Write
from firedrill.model.verdict import LostWrite, Writes

ARCHIVE = "archive"  # the witness outside the system: messages that were already sent


def short(witness: str) -> str:
    """`probes.gasbank.database` is called database."""
    return witness.rpartition(".")[2]


def inside(witnesses: Sequence[str]) -> list[str]:
    """Those that say what the system holds, by their short names."""
    return [name for name in map(short, witnesses) if name != ARCHIVE]


def account_for(
    writes: Sequence[Write],
    stored: Sequence[Stored],
    witnesses: Sequence[str],
    fault_at: float | None,
    predicted_s: float | None,
) -> Writes:
    """Classify every write of the ledger against what the witnesses hold.

    `fault_at` is when the fault was commanded (seconds of the run; None: no fault). `predicted_s` is the replication
    lag that the platform reported just before.
    """
    times: dict[str, int] = {}
    for row in stored:
        if short(row.witness) != ARCHIVE:
            times[row.id] = max(times.get(row.id, 0), row.times)
    acknowledged = [write for write in writes if write.answer == "acknowledged"]
    unknown = [write for write in writes if write.answer == "unknown"]
    lost = [write for write in acknowledged if not times.get(write.id)] if inside(witnesses) else []
    told = {row.id for row in stored if short(row.witness) == ARCHIVE}
    expected = {write.id for write in writes if write.answer != "refused"}
    return Writes(
        attempted=len(writes),
        acknowledged=len(acknowledged),
        refused=sum(write.answer == "refused" for write in writes),
        unknown=len(unknown),
        lost=len(lost),
        lost_span_s=span_of(lost, fault_at),
        recovered=sum(bool(times.get(write.id)) for write in unknown),
        duplicated=sum(count > 1 for count in times.values()),
        unexpected=sum(key not in expected for key in times),
        lost_ids=[write.id for write in lost],
        duplicated_ids=sorted(key for key, count in times.items() if count > 1),
        unexpected_ids=sorted(key for key in times if key not in expected),
        lost_writes=[LostWrite(one.id, one.kind, one.detail, one.answered or one.attempted) for one in lost],
        shape=shape_of(lost, acknowledged),
        witnesses=list(witnesses),
        predicted_s=predicted_s,
        lost_told=sum(one.id in told for one in lost) if ARCHIVE in map(short, witnesses) else None,
    )


def span_of(lost: Sequence[Write], fault_at: float | None) -> float:
    """Seconds between the oldest lost acknowledgement and the last one before the system went (or the fault)."""
    if not lost:
        return 0.0
    answered = [write.answered for write in lost if write.answered is not None]
    newest = max(answered) if fault_at is None else max(*answered, fault_at)
    return round(newest - min(answered), 6)


def shape_of(lost: Sequence[Write], acknowledged: Sequence[Write]) -> str:
    """`tail` when nothing acknowledged between the oldest and the newest lost write survived, else `holes`.

    Answers of several connections overtake each other by a few milliseconds: survivors are only counted when they were
    attempted after the oldest lost write had been answered.
    """
    if not lost:
        return "none"
    gone = {write.id for write in lost}
    oldest = min(write.answered or 0.0 for write in lost)
    newest = max(write.answered or 0.0 for write in lost)
    survived = (one for one in acknowledged if one.id not in gone and one.answered is not None)
    between = any(one.attempted > oldest and (one.answered or 0.0) < newest for one in survived)
    return "holes" if between else "tail"
