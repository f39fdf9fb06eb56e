"""A suite that never ran, with every ending that a drill can have. Its figures are made up."""

from msgspec.structs import replace

from firedrill.model.interval import Interval
from firedrill.model.suite import Drilled, SuiteRun, exit_code_of, outcome_of

DRILLS = (
    Drilled(
        "sql-planned-failover", "SQL planned failover", (), "pass", "", "../../../sql-planned-failover/20261001T021700Z-aa",
        "SQL planned failover: transfer was back 1.20 to 1.24 s after the command.", 0.0, 48.2, "transfer",
        Interval(1.2, 1.24), 0.1, 1840, 0, Interval(2.0, 2.2),
    ),
    Drilled(
        "pod-kill", "A pod dies", ("load.rate=10/s",), "pass", "", "../../../pod-kill/20261001T021800Z-bb",
        "A pod dies: no outage was seen.", 49.0, 31.0, "", None, 0.2, 900, None, Interval(0.0, 0.0),
    ),
    Drilled(
        "sql-forced-failover", "SQL forced failover", (), "fail", "lost writes at most 5, within 5s",
        "../../../sql-forced-failover/20261001T021900Z-cc", "SQL forced failover: 37 of 1,840 were lost.", 81.0, 133.0,
        "transfer", Interval(4.9, 5.3), 0.1, 1840, 37, Interval(41.0, 42.0),
    ),
    Drilled(
        "bus-a-down", "One bus is gone", (), "inconclusive", "measurement (jitter)", "../../../bus-a-down/20261001T022000Z-dd",
        "One bus is gone: transfer was not seen to come back within 60 s.", 215.0, 90.0, "transfer", Interval(60.0, None),
        0.1, 10, 0, None,
    ),
    Drilled("zone-down", "A zone is dark", (), "could not run", "AuthorizationFailed; next: ask for the right", began_s=305.0, took_s=0.4),
    Drilled(
        "storage-failover", "Storage changes sides", (), "put-back incomplete", "no undo was carried out",
        "../../../storage-failover/20261001T022200Z-ee", "Storage changes sides: nobody put it back.", 306.0, 65.0,
        "blob", Interval(20.0, 21.0), 0.1, 0, 0, Interval(44.0, None),
    ),
    Drilled("region-down", "A region is gone"),
)  # fmt: skip


def suite(*drills: Drilled) -> SuiteRun:
    """All endings, or these drills."""
    found = drills or DRILLS
    left_out = any(one.ending == "not run" for one in found)
    return SuiteRun(
        schema=1,
        suite="nightly",
        title="Nightly drills",
        because="Somebody must look.",
        run="0badcafe",
        target="local",
        rehearsal=True,
        started="2026-10-01T02:17:00.000Z",
        by="somebody",
        firedrill="0.1.0",
        took_s=372.5,
        outcome=outcome_of(found),
        exit_code=exit_code_of(found),
        stopped="the suite stops on put-back: storage-failover" if left_out else "",
        drills=found,
    )


HOSTILE = "<script>alert(1)</script>'\"&|`\u2028"


def hostile() -> SuiteRun:
    """Every text from outside carries markup."""
    drills = tuple(
        replace(
            one, drill=one.drill + HOSTILE, title=HOSTILE, why=HOSTILE, sentence=HOSTILE, watch=HOSTILE, run=HOSTILE
        )
        for one in DRILLS
    )
    return replace(suite(*drills), title=HOSTILE, because=HOSTILE, target=HOSTILE, stopped=HOSTILE, by=HOSTILE)
