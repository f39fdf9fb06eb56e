"""The museum of mistakes: each known mistake of the bank, caught by the drill that is there for it, and the same drill on a healthy bank.

    python benchmarks/museum.py [--only NAME ...] [--healthy RUNS] [--again] [-- options of `firedrill run`]

Each run has a stage of its own, so that no finding is left from an earlier mistake. Writes docs/reference/museum.md, and beside it
museum.json with what was found so far: what passed or failed there is not run again, so it may be interrupted at any time. Exit
code 0: all were caught, and no healthy run failed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

ROOT = Path(__file__).parents[1]
PAGE, FOUND = ROOT / "docs/reference/museum.md", ROOT / "docs/reference/museum.json"
FIREDRILL = str(Path(sys.executable).parent / "firedrill")
HEALTHY = ""
QUICK = ("steady.for=3s", "recovery.hold=2s")
CANNOT_RUN, INTERRUPTED = 4, 130


class Exhibit(NamedTuple):
    """`finding`: the objective or invariant of the drill that must fail."""

    mistake: str
    drill: str
    finding: str


NEEDED = {"ghost-confirmations": ("stage.replication_lag=3s", "steady.for=10s")}
"""What a drill's own head says that it is run with; and longer than the lag, or it loses the accounts that it opened at its start."""


ONCE, IN_ORDER = "each message takes effect once", "messages take effect in order"
SOME_BUS, RECEIVES = "a bus takes each send", "receiving is allowed and settled once"
EXHIBITS = (
    Exhibit("no-retry", "sql-planned-failover", "failed requests"),
    Exhibit("stale-pool", "sql-planned-failover", "transfer recovers within"),
    Exhibit("no-reservation", "plant-silent", "gas is set aside"),
    Exhibit("multiply-retries", "sql-read-write-down", "a call is one attempt"),
    Exhibit("skip-gaps", "plant-silent", "gas is conserved"),
    Exhibit("null-secondary", "bus-a-down-b-slow", SOME_BUS),
    Exhibit("close-in-flight", "bus-a-down-b-slow", SOME_BUS),
    Exhibit("no-inbox", "duplicate-storm", ONCE),
    Exhibit("forget-inbox", "duplicate-storm", ONCE),
    Exhibit("no-order", "duplicate-storm", IN_ORDER),
    Exhibit("newest-first", "both-buses-down", IN_ORDER),
    Exhibit("complete-dead-letter", "poison-message", RECEIVES),
    Exhibit("hold-the-lock", "poison-message", "messages are given back"),
    Exhibit("one-key", "bus-throttled", RECEIVES),
    Exhibit("silent-failover", "bus-a-down", "a change of bus is on record"),
    Exhibit("lost-update", "duplicate-storm", ONCE),
    Exhibit("forget-outbox", "sql-read-write-down", "told recovers within"),
    Exhibit("dead-path", "storage-region-down", "archived recovers within"),
    Exhibit("read-one-region", "storage-region-down", "archived recovers within"),
    Exhibit("never-home", "storage-region-down", "documents come home"),
    Exhibit("overwrite", "ghost-confirmations", "documents stay as they were"),
    Exhibit("slow-archive-breaker", "storage-region-down", "document recovers within"),
    Exhibit("no-fencing", "leader-paused", "nobody acts after its time"),
    Exhibit("plant-twice", "duplicate-storm", "the plant agrees with the books"),
    Exhibit("wrong-limit", "plant-silent", "the plant is never too full"),
    Exhibit("24-hour-day", "short-and-long-gas-day", "gas days have their hours"),
)
FINDINGS = {each.mistake: each.finding for each in EXHIBITS}


class Seen(msgspec.Struct, frozen=True):
    """One run: its verdict, and the objectives and invariants that failed."""

    outcome: str
    failed: list[str]
    took_s: float
    date: str


def failed_of(verdict: dict[str, Any]) -> list[str]:
    judged = [*verdict["objectives"], *verdict["invariants"]]
    return [each["name"] for each in judged if each["outcome"] == "fail"]


def as_it_should(mistake: str, seen: Seen) -> bool:
    """A healthy bank passes; a mistake makes the drill fail, for the reason that it is there for."""
    if mistake == HEALTHY:
        return seen.outcome == "pass"
    return seen.outcome == "fail" and FINDINGS[mistake] in seen.failed


def is_settled(seen: Seen | None) -> bool:
    """What could not be run, or not be judged, is tried again."""
    return seen is not None and seen.outcome in {"pass", "fail"}


def run(drill: str, mistake: str, options: list[str]) -> Seen:
    """On a stage of its own, in a firedrill home of its own, both gone afterwards."""
    began, today = time.monotonic(), time.strftime("%Y-%m-%d", time.gmtime())
    settings = (f"bank.mistake={mistake}", *QUICK, *NEEDED.get(drill, ()))
    chosen = [word for setting in settings for word in ("--set", setting)]
    with tempfile.TemporaryDirectory(prefix="museum-") as home:
        Path(home).chmod(0o755)  # the stage's databases run as another user
        env = {**os.environ, "FIREDRILL_HOME": f"{home}/home", "TMPDIR": home}
        out = ["--json", "--out", str(ROOT / "reports/museum")]
        try:
            done = firedrill("run", drill, *out, *chosen, *options, env=env)
        finally:
            firedrill("stage", "down", env=env)  # it stays up when something could not be put back
    return seen_of(done, round(time.monotonic() - began, 1), today)


def seen_of(done: "subprocess.CompletedProcess[str]", took_s: float, date: str) -> Seen:
    if done.returncode == CANNOT_RUN or not done.stdout.strip():
        why = (done.stderr.strip() or "no reason given").splitlines()[-1][:200]
        return Seen(f"could not run: {why}", [], took_s, date)
    verdict = json.loads(done.stdout)
    return Seen(verdict["outcome"], failed_of(verdict), took_s, date)


def firedrill(*words: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Its end is waited for, also when we are interrupted: it puts back what it broke."""
    process = subprocess.Popen(
        [FIREDRILL, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env
    )
    try:
        out, err = process.communicate()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.communicate()
        raise
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def key_of(drill: str, mistake: str, number: int = 1) -> str:
    return f"{drill} | {mistake or 'healthy'} | {number}"


def wanted(only: list[str], healthy: int) -> Iterator[tuple[str, str, int]]:
    """(drill, mistake, number) of the runs, the healthy ones of each drill first."""
    chosen = [each for each in EXHIBITS if not only or each.mistake in only or each.drill in only]
    for drill in dict.fromkeys(each.drill for each in chosen):
        yield from ((drill, HEALTHY, number) for number in range(1, healthy + 1))
        yield from ((drill, each.mistake, 1) for each in chosen if each.drill == drill)


def page(found: dict[str, Seen]) -> str:
    """The generated page: one row per mistake, one per drill on the healthy bank."""
    lines = [
        "# The museum of mistakes, as it was found",
        "",
        f"Generated by `make museum`, each run on a stage of its own with `--set {' --set '.join(QUICK)}`.",
        "Why each mistake shows where it does: [museum](../museum.md).",
        "",
        "| mistake | drill | must fail | found | failed | seconds | date |",
        "|---|---|---|---|---|---|---|",
        *(row(each, found.get(key_of(each.drill, each.mistake))) for each in EXHIBITS),
        "",
        "## The healthy bank in the same drills",
        "",
        "| drill | runs | passed | others |",
        "|---|---|---|---|",
    ]
    for drill in dict.fromkeys(each.drill for each in EXHIBITS):
        runs = healthy_runs(found, drill)
        others = "; ".join(f"{each.outcome}: {', '.join(each.failed)}" for each in runs if each.outcome != "pass")
        lines.append(f"| {drill} | {len(runs)} | {sum(each.outcome == 'pass' for each in runs)} | {others} |")
    return "\n".join(lines) + "\n"


def row(exhibit: Exhibit, seen: Seen | None) -> str:
    first = f"| {exhibit.mistake} | {exhibit.drill} | {exhibit.finding} |"
    if seen is None:
        return f"{first} not run | | | |"
    said = "caught" if as_it_should(exhibit.mistake, seen) else f"**not caught** ({seen.outcome})"
    return f"{first} {said} | {', '.join(seen.failed)} | {seen.took_s:.0f} | {seen.date} |"


def healthy_runs(found: dict[str, Seen], drill: str) -> list[Seen]:
    prefix = key_of(drill, HEALTHY, 0).removesuffix("0")
    return [seen for key, seen in found.items() if key.startswith(prefix)]


def read() -> dict[str, Seen]:
    return msgspec.json.decode(FOUND.read_bytes(), type=dict[str, Seen]) if FOUND.exists() else {}


def write(found: dict[str, Seen]) -> None:
    FOUND.write_bytes(msgspec.json.format(msgspec.json.encode(dict(sorted(found.items()))), indent=1) + b"\n")
    PAGE.write_text(page(found))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these mistakes or drills")
    parser.add_argument("--healthy", type=int, default=0, metavar="RUNS", help="runs of each drill on the healthy bank")
    parser.add_argument("--again", action="store_true", help="also what was found before")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="after --: for `firedrill run`")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    # As a shell's background job it would ignore SIGINT, and so would all it starts.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if firedrill("stage", "status").returncode == 0:
        sys.exit("a rehearsal stage is up, and two would disturb each other: firedrill stage down")
    try:
        return visit(asked, [option for option in asked.options if option != "--"])
    except KeyboardInterrupt:
        print("interrupted: what was found so far is kept", file=sys.stderr)
        return INTERRUPTED


def visit(asked: argparse.Namespace, options: list[str]) -> int:
    """One run after the other; each finding is on disk before the next one begins."""
    found, good = read(), True
    for drill, mistake, number in wanted(asked.only, asked.healthy):
        key = key_of(drill, mistake, number)
        if asked.again or not is_settled(found.get(key)):
            found[key] = run(drill, mistake, options)
            write(found)
        fine = as_it_should(mistake, found[key])
        good = good and fine
        said = "as it should be" if fine else "NOT"
        print(f"{said:16} {key}: {found[key].outcome}, failed {found[key].failed}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
