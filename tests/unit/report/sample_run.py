"""A forced failover that never happened: Drill, History and Verdict made by hand, seeded, for looking at the page.

It is realistic in shape (two connections, a load, a fault with polling intervals, 37 lost writes) and wrong in every
figure. Tests change one thing with `msgspec.structs.replace`.
"""

import msgspec

from firedrill.analysis.sentence import sentence
from firedrill.model.interval import Interval
from firedrill.model.verdict import (
    Fault,
    Injection,
    Invariant,
    Journey,
    Load,
    LostWrite,
    Measured,
    Measurement,
    Objective,
    Outage,
    Phase,
    PutBack,
    Verdict,
    Watch,
    Writes,
)
from tests.unit.report.sample_history import (  # noqa: F401 - tests find both halves here
    BACK,
    COMMAND,
    END,
    FIRST_ERROR,
    PROMISE,
    PROMOTED,
    READ_BACK,
    REPOINTED,
    RUN,
    answer,
    arrival,
    drill,
    event_list,
    history,
    info,
    lag_seen,
    observed,
    requests,
    samples,
    watched,
    writes,
)


def interval(low: float, high: float | None) -> Interval:
    return Interval(round(low, 6), None if high is None else round(high, 6))


def outage(connection: str, began: Interval, ended: Interval, errors: dict[str, int]) -> Outage:
    command = Interval(COMMAND, COMMAND)
    return Outage(began, ended, ended.since(command).rounded(), ended.since(began).rounded(), connection, errors)


def measured(outages: list[Outage], samples_seen: int, bad: int, doubtful: int) -> Measured:
    good = samples_seen - bad - doubtful
    return Measured(outages, 0.05, samples_seen, 0, good, bad, doubtful, good / samples_seen, 0.0075, 0.0171, 2.0)


def watch(connections: dict[str, Measured], control: bool = False) -> Watch:
    outages = [row for side in connections.values() for row in side.outages]
    worst = max((row.recovery_s for row in outages), key=lambda span: span.middle, default=None)
    seen = sum(side.samples for side in connections.values())
    return Watch(outages, 0.2 if control else 0.05, seen, 0, control, worst, connections)


def watches() -> dict[str, Watch]:
    began = interval(14.80, 14.86)
    return {
        "transfer": watch(
            {
                "new": measured(
                    [outage("new", began, interval(18.05, 18.11), {"40613": 44, "40197": 11, "timeout": 11})],
                    1240,
                    55,
                    11,
                ),
                "kept": measured(
                    [outage("kept", began, interval(17.925, 17.982), {"40613": 41, "40197": 12, "timeout": 11})],
                    1240,
                    53,
                    11,
                ),
            }
        ),
        "balance": watch(
            {
                "new": measured([outage("new", began, interval(15.60, 15.66), {"4060": 6, "40613": 10})], 1240, 16, 0),
                "kept": measured(
                    [outage("kept", began, interval(15.575, 15.632), {"4060": 6, "40613": 10})], 1240, 16, 0
                ),
            }
        ),
        "control": watch({"new": measured([], 310, 0, 0), "kept": measured([], 310, 0, 0)}, control=True),
    }


def phases() -> list[Phase]:
    return [
        Phase("command", interval(COMMAND, COMMAND)),
        Phase("accepted", interval(14.24, 14.24)),
        Phase("first error", interval(14.80, 14.86), "transfer"),
        Phase("promoted", interval(17.1, 17.4)),
        Phase("control plane done", interval(17.2, 17.5)),
        Phase("re-pointed", interval(18.0, 18.1)),
        Phase("first success", interval(18.05, 18.11), "transfer"),
        Phase("held", interval(23.05, 23.11), "transfer"),
        Phase("redundant", interval(28.3, 28.6)),
    ]


def lost_writes(number: int = 37) -> Writes:
    rows, _ = writes(number, max(1800, 6 * number))
    acknowledged = [row for row in rows if row.answer == "acknowledged"]
    gone = rows[len(rows) // 3 - number : len(rows) // 3]
    return Writes(
        attempted=len(rows),
        acknowledged=len(acknowledged),
        refused=0,
        unknown=38,
        lost=number,
        lost_span_s=0.5 if number else 0.0,
        recovered=10,
        duplicated=0,
        unexpected=0,
        lost_ids=[row.id for row in gone],
        duplicated_ids=[],
        unexpected_ids=[],
        lost_writes=[LostWrite(row.id, row.kind, row.detail, row.answered or 0.0) for row in gone],
        shape="tail" if number else "none",
        witnesses=["database"],
        predicted_s=0.49,
    )


def objectives() -> list[Objective]:
    return [
        Objective("transfer recovers within", 60, "s", interval(3.85, 3.91), "pass", "", "60s", PROMISE),
        Objective("balance recovers within", 30, "s", interval(1.40, 1.46), "pass", "", "30s", PROMISE),
        Objective(
            "lost writes", 50, "writes", interval(37, 37), "pass", "", "at most 50, within 5s", "about 5 s (2021)"
        ),
        Objective("duplicated writes", 0, "writes", interval(0, 0), "pass", "", "0", ""),
        Objective("failed requests", 0.01, "share", interval(0.0094, 0.0121), "inconclusive", "", "at most 1%", ""),
        Objective("redundancy back within", 600, "s", interval(14.1, 14.4), "pass", "", "10m", ""),
    ]


def verdict() -> Verdict:
    return worded(unworded())


def worded(verdict: Verdict) -> Verdict:
    return msgspec.structs.replace(verdict, sentence=sentence(drill(), verdict))


def unworded() -> Verdict:
    return Verdict(
        schema=1,
        drill="sql-forced-failover",
        run=RUN,
        target="local",
        started="2026-11-22T21:04:11.250Z",
        rehearsal=True,
        outcome="inconclusive",
        sentence="",
        injection=Injection("pass"),
        put_back=PutBack(
            "pass", interval(14.1, 14.4), "", ["fail back to dbp: done, seen 28.0 to 28.3 s after the start"]
        ),
        faults=[Fault("force the group over", "dbfop", COMMAND, 14.24, interval(17.2, 17.5), False, "fail-back")],
        phases=phases(),
        watches=watches(),
        writes=lost_writes(),
        invariants=[Invariant("gas is conserved", "pass", 600, 468, 0, 20)],
        objectives=objectives(),
        measurement=Measurement(
            0.0021, 0, "monotonic, one machine", 6200, {"transfer": 40.0, "balance": 40.0, "control": 10.0}, "pass"
        ),
        load=Load(
            2480,
            31,
            39.97,
            [
                Journey("transfer", 744, 713, 9, 22, 0.0101, 2.31, 3.29, {"503": 9, "timeout": 22}),
                Journey("balance", 1488, 1488, 0, 0, 0.0100, 0.61, 0.81, {}),
                Journey("statement", 248, 248, 0, 0, 0.0099, 0.026, 0.031, {}),
            ],
        ),
        evidence="5b1e77aa" * 8,
    )
