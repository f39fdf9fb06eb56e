"""The museum of mistakes: each known mistake of the bank, caught by the drill that is there for it, and the same drill on a healthy bank.

    python benchmarks/museum.py [--only NAME ...] [--healthy RUNS] [--again] [-- options of `firedrill run`]

Writes docs/reference/museum.md, and beside it museum.json with what was found so far: what is in there is not run again, so it may be
interrupted at any time. Exit code 0: all were caught, and no healthy run failed.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

ROOT = Path(__file__).parents[1]
PAGE, FOUND = ROOT / "docs/reference/museum.md", ROOT / "docs/reference/museum.json"
FIREDRILL = str(Path(sys.executable).parent / "firedrill")
HEALTHY = ""


class Exhibit(NamedTuple):
    """`finding`: the objective or invariant that must fail. `settings`: what the drill needs for it, for the healthy bank too."""

    mistake: str
    drill: str
    finding: str
    settings: tuple[str, ...] = ()


ONCE, IN_ORDER = "each message takes effect once", "messages take effect in order"
SOME_BUS, RECEIVES = "a bus takes each send", "receiving is allowed and settled once"
BEHIND = ("stage.replication_lag=3s", "objectives.lost writes={at most: 500, within: 15s}")
EXHIBITS = (
    Exhibit("no-retry", "sql-planned-failover", "failed requests"),
    Exhibit("stale-pool", "sql-planned-failover", "transfer recovers within"),
    Exhibit("no-reservation", "plant-silent", "gas is set aside"),
    Exhibit("multiply-retries", "sql-read-write-down", "a call is one attempt"),
    Exhibit("skip-gaps", "plant-silent", "gas is conserved"),
    Exhibit("null-secondary", "bus-a-down", SOME_BUS),
    Exhibit("close-in-flight", "bus-a-down", SOME_BUS),
    Exhibit("no-inbox", "duplicate-storm", ONCE),
    Exhibit("forget-inbox", "duplicate-storm", ONCE),
    Exhibit("no-order", "duplicate-storm", IN_ORDER),
    Exhibit("newest-first", "both-buses-down", IN_ORDER),
    Exhibit("complete-dead-letter", "poison-message", RECEIVES),
    Exhibit("hold-the-lock", "poison-message", "messages are given back"),
    Exhibit("one-key", "bus-throttled", RECEIVES),
    Exhibit("silent-failover", "bus-a-down", "a change of bus is on record"),
    Exhibit("lost-update", "duplicate-storm", ONCE),
    Exhibit("forget-outbox", "sql-read-write-down", "every movement is told"),
    Exhibit("dead-path", "storage-region-down", "archived recovers within"),
    Exhibit("read-one-region", "storage-region-down", "archived recovers within"),
    Exhibit("never-home", "storage-region-down", "documents come home"),
    Exhibit("overwrite", "sql-forced-failover", "documents stay as they were", BEHIND),
    Exhibit("slow-archive-breaker", "storage-region-down", "document recovers within"),
    Exhibit("no-fencing", "leader-paused", "nobody acts after its time"),
    Exhibit("plant-twice", "duplicate-storm", "the plant agrees with the books"),
    Exhibit("wrong-limit", "plant-silent", "the plant is never too full"),
    Exhibit("24-hour-day", "short-and-long-gas-day", "gas days have their hours"),
)


class Seen(msgspec.Struct, frozen=True):
    """One run: its verdict, and the objectives and invariants that failed."""

    outcome: str
    failed: list[str]
    took_s: float
    date: str


def failed_of(verdict: dict[str, Any]) -> list[str]:
    judged = [*verdict["objectives"], *verdict["invariants"]]
    return [each["name"] for each in judged if each["outcome"] == "fail"]


def caught(exhibit: Exhibit, seen: Seen) -> bool:
    """The drill failed, and for the reason that it is there for."""
    return seen.outcome == "fail" and exhibit.finding in seen.failed


def run(drill: str, settings: list[str], options: list[str]) -> Seen:
    began = time.monotonic()
    chosen = [word for setting in settings for word in ("--set", setting)]
    done = subprocess.run(
        [FIREDRILL, "run", drill, "--json", *chosen, *options], capture_output=True, text=True, check=False, cwd=ROOT
    )
    took, today = round(time.monotonic() - began, 1), time.strftime("%Y-%m-%d", time.gmtime())
    if not done.stdout.strip():
        return Seen(
            f"could not run: {(done.stderr.strip() or 'no reason given').splitlines()[-1][:200]}", [], took, today
        )
    verdict = json.loads(done.stdout)
    return Seen(verdict["outcome"], failed_of(verdict), took, today)


def key_of(drill: str, mistake: str, settings: tuple[str, ...], number: int = 1) -> str:
    return " | ".join([drill, mistake or "healthy", *settings, str(number)])


def wanted(only: list[str], healthy: int) -> Iterator[tuple[str, str, tuple[str, ...], int]]:
    """(drill, mistake, settings, number) of the runs, the healthy ones of each drill first."""
    chosen = [each for each in EXHIBITS if not only or each.mistake in only or each.drill in only]
    for drill, settings in dict.fromkeys((each.drill, each.settings) for each in chosen):
        yield from ((drill, HEALTHY, settings, number) for number in range(1, healthy + 1))
        yield from (
            (drill, each.mistake, settings, 1) for each in chosen if (each.drill, each.settings) == (drill, settings)
        )


def page(found: dict[str, Seen]) -> str:
    """The generated page: one row per mistake, one per drill on the healthy bank."""
    lines = [
        "# The museum of mistakes, as it was found",
        "",
        "Generated by `python benchmarks/museum.py --healthy 5`; why each mistake shows where it does: [museum](../museum.md).",
        "",
        "| mistake | drill | must fail | found | failed | seconds | date |",
        "|---|---|---|---|---|---|---|",
        *(row(each, found.get(key_of(each.drill, each.mistake, each.settings))) for each in EXHIBITS),
        "",
        "## The healthy bank in the same drills",
        "",
        "| drill | runs | passed | others |",
        "|---|---|---|---|",
    ]
    for drill, settings in dict.fromkeys((each.drill, each.settings) for each in EXHIBITS):
        runs = healthy_runs(found, drill, settings)
        others = "; ".join(f"{each.outcome}: {', '.join(each.failed)}" for each in runs if each.outcome != "pass")
        passed = sum(each.outcome == "pass" for each in runs)
        lines.append(f"| {' '.join([drill, *settings])} | {len(runs)} | {passed} | {others} |")
    return "\n".join(lines) + "\n"


def row(exhibit: Exhibit, seen: Seen | None) -> str:
    first = f"| {exhibit.mistake} | {exhibit.drill} | {exhibit.finding} |"
    if seen is None:
        return f"{first} not run | | | |"
    said = "caught" if caught(exhibit, seen) else f"**not caught** ({seen.outcome})"
    return f"{first} {said} | {', '.join(seen.failed)} | {seen.took_s:.0f} | {seen.date} |"


def healthy_runs(found: dict[str, Seen], drill: str, settings: tuple[str, ...]) -> list[Seen]:
    prefix = key_of(drill, HEALTHY, settings, 0).removesuffix("0")
    return [seen for key, seen in found.items() if key.startswith(prefix) and key.removeprefix(prefix).isdigit()]


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
    asked, found = arguments(), read()
    options = [option for option in asked.options if option != "--"]
    good = True
    for drill, mistake, settings, number in wanted(asked.only, asked.healthy):
        key = key_of(drill, mistake, settings, number)
        if asked.again or key not in found:
            found[key] = run(drill, [f"bank.mistake={mistake}", *settings], options)
            write(found)
        exhibit = next((each for each in EXHIBITS if each.mistake == mistake), None)
        as_it_should = caught(exhibit, found[key]) if exhibit else found[key].outcome == "pass"
        good = good and as_it_should
        print(
            f"{'as it should be' if as_it_should else 'NOT':16} {key}: {found[key].outcome}, failed {found[key].failed}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
