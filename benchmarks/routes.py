"""The alternative routes of the bank, measured on a stage of our own: bus A away, both buses away, blob region 1 away.

    python benchmarks/routes.py [--phase 10] [--both 60] [--json]

While transfers arrive at a steady rate it takes away what the bank sends through and archives to, and looks at what
customers notice. Exit code 1 when one of the promises does not hold. `--phase` and `--both` are seconds.
"""

import argparse
import asyncio
import json
import sys
import time
from typing import Any

import aiohttp
from routing import outside
from routing.arrivals import Arrivals
from soaking import checks, stage
from soaking.checks import Check

RATE = 20.0
LEAST_RATIO = 0.95
OVER_B_S = 5.0  # the breaker opens after a few failures in a row; then confirmations go over B
DRAINED_S = 60.0
LOOK_S = 0.25


def main() -> int:
    arguments = parse()
    with stage.running() as said:
        found = asyncio.run(measure(said, arguments))
    if arguments.json:
        print(json.dumps([check._asdict() for check in found]))
    else:
        for check in found:
            print(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.said}")
    return 0 if all(check.ok for check in found) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phase", type=float, default=10.0, help="seconds of each phase (10)")
    parser.add_argument("--both", type=float, default=60.0, help="seconds with both buses away (60)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser.parse_args()


async def measure(said: dict[str, Any], arguments: argparse.Namespace) -> list[Check]:
    async with Arrivals(said["bank"], RATE) as arrivals:
        await asyncio.sleep(arguments.phase / 2)  # caches, pools and leaders
        found = await bus_a_away(said, arrivals, arguments.phase)
        found += await both_away(said, arrivals, arguments.both)
        found += await region_away(said, arrivals, arguments.phase)
    found += await asyncio.to_thread(afterwards, said, arrivals)
    return found


async def bus_a_away(said: dict[str, Any], arrivals: Arrivals, phase_s: float) -> list[Check]:
    """Customers notice nothing; what they are told comes over B."""
    before = await arrivals.rate_over(phase_s)
    fault("servicebus", "sb-weu", "gone=true")
    since = time.monotonic()
    over_b = asyncio.create_task(asyncio.to_thread(outside.first_after, said, "sb-neu", phase_s))
    during = await arrivals.rate_over(phase_s)
    arrived = await over_b
    fault("servicebus", "sb-weu")
    after = await arrivals.rate_over(phase_s)
    ratio = during / ((before + after) / 2)
    took = f"{arrived - since:.2f} s" if arrived else f"not within {phase_s:g} s"
    return [
        Check("accept rate with bus A away", ratio >= LEAST_RATIO, f"{ratio:.3f} of the rate before and after"),
        Check(
            "confirmations flow over bus B", bool(arrived) and arrived - since <= OVER_B_S, f"the first after {took}"
        ),
    ]


async def both_away(said: dict[str, Any], arrivals: Arrivals, down_s: float) -> list[Check]:
    """Accepted all the same; the age of the oldest message tells; drained when the buses are back."""
    before = await arrivals.rate_over(min(down_s, 10.0))
    for bus in stage.BUSES:
        fault("servicebus", bus, "gone=true")
    during = await arrivals.rate_over(down_s)
    oldest = await oldest_s(said["bank"])
    for bus in stage.BUSES:
        fault("servicebus", bus)
    ratio = during / before
    drained = await asyncio.to_thread(outside.until_worked_off, DRAINED_S)
    return [
        Check(
            "accept rate with both buses away", ratio >= LEAST_RATIO, f"{ratio:.3f} of the rate before, {down_s:g} s"
        ),
        Check("the age of the oldest message is exported", oldest >= down_s / 2, f"{oldest:.1f} s after {down_s:g} s"),
        Check("what waited is worked off when the buses are back", drained.ok, drained.said),
    ]


async def oldest_s(bank: str) -> float:
    """What /status says of the outbox: the newest figure of several looks, since each process looks by itself."""
    async with aiohttp.ClientSession(bank) as session:
        ages = []
        for _ in range(8):
            async with session.get("/status") as answer:
                ages.append(((await answer.json())["outbox"] or {}).get("oldest_s") or 0.0)
    return max(ages)


async def region_away(said: dict[str, Any], arrivals: Arrivals, phase_s: float) -> list[Check]:
    """Confirmations land in region 2, can be read at once, and go home after healing with the same hash."""
    await asyncio.to_thread(outside.until_archived, arrivals.newest(), DRAINED_S)
    fault("storage", "gasbankweu", "gone=true")
    await asyncio.sleep(phase_s / 2)
    mark = arrivals.newest()
    displaced = await asyncio.to_thread(outside.until_archived, mark, DRAINED_S)
    readable = await outside.read_back(said["bank"], displaced)
    fault("storage", "gasbankweu")
    homed = await asyncio.to_thread(outside.until_homed, displaced, DRAINED_S)
    same = await outside.same_at_home(said, displaced)
    return [
        Check("with region 1 away confirmations land in region 2", displaced.all_in("2"), displaced.told()),
        Check("and are readable at once", readable.ok, readable.said),
        Check("and go home after healing", homed.ok, homed.said),
        Check("with the hash they had", same.ok, same.said),
    ]


def afterwards(said: dict[str, Any], arrivals: Arrivals) -> list[Check]:
    """Everything was told, each party in order, and gas is conserved."""
    database = stage.environment()["SQL_READ_WRITE"]
    drained = checks.drained(database)
    return [*drained, *outside.told_in_order(said, arrivals.posted), *checks.gas(database)]


def fault(service: str, name: str, *wrong: str) -> None:
    stage.firedrill("stage", "fault", service, name, *wrong)


if __name__ == "__main__":
    sys.exit(main())
