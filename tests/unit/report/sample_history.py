"""The drill and the history of a forced failover that never happened: seeded, realistic in shape, wrong in every figure."""

import random
from collections.abc import Iterator
from typing import Any

from firedrill.model import events
from firedrill.model.drill import Drill, InvariantSpec, LoadSpec, ObjectiveSpec, WatchSpec
from firedrill.model.history import Event, History, Request, RunInfo, Sample, Stored, Write

COMMAND = 14.20
FIRST_ERROR = 14.82
PROMOTED = 17.30
REPOINTED = 18.05
BACK = {"new": 18.11, "kept": 17.96}
READ_BACK = 15.62
END = 62.0
RUN = "3f9c"

PROMISE = "typically up to 60 s of downtime (Microsoft Learn, Oct 2025)"


def drill() -> Drill:
    return Drill(
        name="sql-forced-failover",
        title="SQL forced failover",
        because="The bank must take transfers again within a minute, and we must know by name what asynchronous replication lost.",
        experiment="sql-forced-failover",
        watches=(
            WatchSpec("transfer", "probes.gasbank.transfer", 20.0),
            WatchSpec("balance", "probes.gasbank.balance", 20.0),
            WatchSpec("control", "probes.gasbank.static", 5.0, control=True),
        ),
        objectives=(
            ObjectiveSpec("transfer recovers within", "recovers within", 60, "60s", "transfer", promised=PROMISE),
            ObjectiveSpec("balance recovers within", "recovers within", 30, "30s", "balance", promised=PROMISE),
            ObjectiveSpec(
                "lost writes", "lost writes", 50, "at most 50, within 5s", span_s=5.0, promised="about 5 s (2021)"
            ),
            ObjectiveSpec("duplicated writes", "duplicated writes", 0, "0"),
            ObjectiveSpec("failed requests", "failed requests", 0.01, "at most 1%"),
            ObjectiveSpec("redundancy back within", "redundancy back within", 600, "10m"),
        ),
        load=LoadSpec("load/gasbank.py", 40.0, 20),
        invariants=(InvariantSpec("gas is conserved", "probes.gasbank.conserved", 10.0),),
        witnesses=("probes.gasbank.database",),
    )


def info() -> RunInfo:
    return RunInfo(
        run=RUN,
        drill="sql-forced-failover",
        target="local",
        started="2026-11-22T21:04:11.250Z",
        rehearsal=True,
        by="erika@build-7",
        seed=7,
        profile="brisk",
        firedrill="0.1.0",
        plan_hash="8d21c0a7" * 8,
        versions={"python": "3.11.2", "postgresql": "18.1", "locust": "2.42.0", "chaostoolkit-lib": "1.43.0"},
        settings={"stage.replication_lag": "500ms"},
    )


Row = tuple[float, str, str, dict[str, Any]]


def fault_rows() -> list[Row]:
    return [
        (0.0, events.RUN_STARTED, "runner", {}),
        (0.4, events.PHASE, "runner", {"name": "warm-up"}),
        (12.9, events.STEADY, "runner", {"for_s": 10.0, "waited_s": 11.2}),
        (13.0, events.OBSERVED, "watcher", observed("dbp", "role", "Primary", "", 12.9, 13.0)),
        (13.0, events.OBSERVED, "watcher", observed("dbp", "state", "CATCH_UP", "", 12.9, 13.0)),
        (13.0, events.OBSERVED, "watcher", observed("dbfop", "role", "Secondary", "", 12.9, 13.0)),
        (13.0, events.OBSERVED, "watcher", observed("dbgrp", "target", "dbp", "", 12.9, 13.0)),
        (
            14.1,
            events.UNDO_WRITTEN,
            "runner",
            {"name": "fail back to dbp", "undo": "fail_back", "reversibility": "fail-back"},
        ),
        (14.15, events.PREDICTED, "runner", {"subject": "dbp", "lag_s": 0.49}),
        (
            COMMAND,
            events.FAULT_COMMAND,
            "chaostoolkit",
            {"name": "force the group over", "on": "dbfop", "planned": False, "reversibility": "fail-back"},
        ),
        (14.24, events.FAULT_ACCEPTED, "chaostoolkit", {"name": "force the group over"}),
        (17.4, events.OBSERVED, "watcher", observed("dbfop", "role", "Primary", "Secondary", 17.1, 17.4)),
        (
            17.5,
            events.FAULT_DONE,
            "chaostoolkit",
            {"name": "force the group over", "low": 17.2, "high": 17.5, "status": "Succeeded"},
        ),
        (18.1, events.OBSERVED, "watcher", observed("dbgrp", "target", "dbfop", "dbp", 18.0, 18.1)),
        (18.9, events.OBSERVED, "watcher", observed("dbp", "role", "Secondary", "Primary", 18.6, 18.9)),
        (18.9, events.OBSERVED, "watcher", observed("dbp", "state", "SEEDING", "CATCH_UP", 18.6, 18.9)),
    ]


def put_back_rows() -> list[Row]:
    return [
        (23.3, events.RECOVERED, "runner", {"waited_s": 9.1}),
        (23.4, events.UNDO_COMMAND, "chaostoolkit", {"name": "fail back to dbp", "on": "dbp"}),
        (25.9, events.OBSERVED, "watcher", observed("dbp", "state", "CATCH_UP", "SEEDING", 25.6, 25.9)),
        (26.0, events.UNDO_ACCEPTED, "chaostoolkit", {"name": "fail back to dbp"}),
        (27.9, events.OBSERVED, "watcher", observed("dbp", "role", "Primary", "Secondary", 27.6, 27.9)),
        (27.9, events.OBSERVED, "watcher", observed("dbfop", "role", "Secondary", "Primary", 27.6, 27.9)),
        (28.1, events.OBSERVED, "watcher", observed("dbgrp", "target", "dbp", "dbfop", 28.0, 28.1)),
        (
            28.3,
            events.UNDO_DONE,
            "chaostoolkit",
            {"name": "fail back to dbp", "low": 28.0, "high": 28.3, "status": "Succeeded"},
        ),
        (28.6, events.REDUNDANT, "runner", {"waited_s": 14.4}),
        (60.1, events.WITNESS_READ, "runner", {"witness": "database", "rows": 1771}),
        (61.8, events.SEALED, "runner", {"files": {}}),
    ]


def event_list() -> list[Event]:
    rows = fault_rows() + put_back_rows()
    rows += [(13.5 + 0.5 * k, events.OBSERVED, "watcher", lag_seen(13.5 + 0.5 * k)) for k in range(60)]
    rows.sort(key=lambda row: row[0])
    return [Event(k, at, "", kind, by, data, "", f"{k:064x}") for k, (at, kind, by, data) in enumerate(rows)]


def observed(subject: str, attribute: str, value: Any, was: Any, low: float, high: float) -> dict[str, Any]:
    return {"subject": subject, "attribute": attribute, "value": value, "was": was, "low": low, "high": high}


def lag_seen(at: float) -> dict[str, Any]:
    broken = COMMAND < at < 18.9
    catching_up = 0.5 + 2.4 * max(0.0, 25.9 - at) / 7 if 18.9 <= at < 25.9 else 0.49
    return observed("dbp", "lag_s", None if broken else round(catching_up, 3), None, at - 0.2, at)


def samples(seed: int = 7, end: float = END) -> list[Sample]:
    dice = random.Random(seed)
    rows: list[Sample] = []
    for watch, rate in (("transfer", 20.0), ("balance", 20.0), ("control", 5.0), ("invariant: gas is conserved", 10.0)):
        for connection in ("new", "kept") if not watch.startswith("invariant") else ("new",):
            rows += watched(dice, watch, connection, rate, end)
    return sorted(rows, key=lambda row: row.due)


def watched(dice: random.Random, watch: str, connection: str, rate: float, end: float) -> Iterator[Sample]:
    for seq in range(int(end * rate)):
        due = seq / rate + (0.5 / rate if connection == "kept" else 0.0)
        took, outcome, code = answer(dice, watch, connection, due)
        yield Sample(watch, connection, seq, due, due + 0.0004, due + took, outcome, code, "", False)  # type: ignore[arg-type]


def answer(dice: random.Random, watch: str, connection: str, due: float) -> tuple[float, str, str]:
    took = dice.lognormvariate(-4.9, 0.35)
    back = {"transfer": BACK[connection], "balance": READ_BACK}.get(watch, 0.0)
    if not FIRST_ERROR - 0.02 < due < back:
        return took, "ok", ""
    if watch == "balance":
        return took, "fail", "4060" if due < 15.1 else "40613"
    if due < 15.35:
        return 2.0, "unknown", "timeout"
    return took, "fail", "40613" if dice.random() < 0.8 else "40197"


def requests(seed: int = 8, end: float = END, rate: float = 40.0) -> list[Request]:
    dice = random.Random(seed)
    rows = []
    for k in range(int(end * rate)):
        due = k / rate
        journey = dice.choices(("transfer", "balance", "statement"), (3, 6, 1))[0]
        rows.append(arrival(dice, journey, due))
    return rows


def arrival(dice: random.Random, journey: str, due: float) -> Request:
    took = dice.lognormvariate(-4.6, 0.4)
    sent = due + dice.expovariate(2000)
    if FIRST_ERROR <= due < 18.1 and journey == "transfer":
        if due < 15.4:
            return Request(journey, due, sent, due + 2.0, "unknown", "timeout")
        if dice.random() < 0.5:
            return Request(journey, due, sent, due + took, "fail", "503")
        took += 18.1 - due
    if FIRST_ERROR <= due < READ_BACK and journey == "balance":
        took += READ_BACK - due
    return Request(journey, due, sent, due + took, "ok", "")


def writes(lost: int = 37, total: int = 1800) -> tuple[list[Write], list[Stored]]:
    """A ledger of `total` writes, the newest `lost` before the fault missing in the database."""
    rows, stored = [], []
    for k in range(total):
        at = COMMAND - 0.5 + (k - (total // 3 - lost)) * (0.5 / lost if total // 3 - lost <= k < total // 3 else 0.03)
        missing = total // 3 - lost <= k < total // 3
        doubtful = total // 3 <= k < total // 3 + 38
        ident = f"fd-{RUN}-transfer-{'new' if k % 2 else 'kept'}-{k:05d}"
        detail = f"{1 + k % 90} kWh from account-{k % 7} to account-{k % 5}"
        answered = None if doubtful else at + 0.008
        rows.append(Write(ident, "transfer", detail, "watch", at, answered, "unknown" if doubtful else "acknowledged"))
        if not missing and not (doubtful and k % 4):
            stored.append(Stored("database", ident, 1))
    return rows, stored


def history(end: float = END) -> History:
    written, stored = writes()
    return History(info(), event_list(), samples(end=end), requests(end=end), written, stored)
