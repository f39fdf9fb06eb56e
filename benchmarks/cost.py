"""What a transfer costs: CPU seconds of each kind of process on the stage, at a fixed rate, against a stage that has nothing to do.

    python benchmarks/cost.py [--rate 20] [--seconds 30] [--save FILE] [--beside FILE]

Transfers arrive in an open loop. The time until all of it is told and archived counts too, so work that is put off is not free.
`--save` keeps the figures, `--beside` shows earlier ones next to these.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import psutil
import psycopg
from soaking import checks, stage
from soaking.writers import Bank, Told

IDLE_S = 10.0
CALM_S = 8.0  # after the start: leases are taken, modules are loaded, what opening the accounts caused is done

TO_ARCHIVE = "SELECT count(*) FROM confirmations.messages WHERE archived_at IS NULL AND NOT conflicts"


class Cost(NamedTuple):
    """By kind of process: share of a core at rest, and CPU milliseconds per transfer above that. `took_s`: with draining."""

    idle: dict[str, float]
    per_transfer_ms: dict[str, float]
    transfers: int
    took_s: float
    busy_cores: float


def main() -> int:
    arguments = parse()
    with stage.running() as said:
        cost = asyncio.run(measure(said, arguments.rate, arguments.seconds))
    if arguments.save:
        Path(arguments.save).write_text(json.dumps(cost._asdict()))
    print_table(cost, Cost(**json.loads(Path(arguments.beside).read_text())) if arguments.beside else None)
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=20.0, help="transfers per second (20)")
    parser.add_argument("--seconds", type=float, default=30.0, help="for how long (30)")
    parser.add_argument("--save", help="file for the figures")
    parser.add_argument("--beside", help="file with earlier figures")
    return parser.parse_args()


async def measure(said: dict[str, Any], rate: float, seconds: float) -> Cost:
    told, run = Told(), f"cost-{os.getpid()}"
    bank = Bank(said["bank"], run, told, rate)
    async with aiohttp.ClientSession(said["bank"], timeout=aiohttp.ClientTimeout(total=10)) as session:
        await bank.open_accounts(session)
        await drained()
        await asyncio.sleep(CALM_S)
        idle = await idle_shares(said["pid"])
        before, since = cpu_seconds(said["pid"]), time.monotonic()
        await transfers(bank, session, rate, seconds)
        busy = cpu_seconds(said["pid"])
        busy.subtract(before)
        busy_cores = busy.total() / (time.monotonic() - since)
        await drained()
    spent, took = cpu_seconds(said["pid"]), time.monotonic() - since
    spent.subtract(before)
    count = len(told.transfers)
    above = {kind: 1000 * (value - idle.get(kind, 0.0) * took) / count for kind, value in spent.items()}
    return Cost(idle, above, count, took, busy_cores)


async def idle_shares(pid: int) -> dict[str, float]:
    before = cpu_seconds(pid)
    await asyncio.sleep(IDLE_S)
    after = cpu_seconds(pid)
    after.subtract(before)
    return {kind: value / IDLE_S for kind, value in after.items()}


async def transfers(bank: Bank, session: aiohttp.ClientSession, rate: float, seconds: float) -> None:
    """One task per arrival, on an absolute schedule; all of them have been answered when this returns."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            group.create_task(bank.transfer(session, number))


async def drained() -> None:
    database = (await asyncio.to_thread(stage.environment))["SQL_READ_WRITE"]
    await asyncio.to_thread(until_told, database)


def until_told(database: str) -> None:
    """Until no message waits to be sent, handled or archived."""
    for check in checks.drained(database):
        if not check.ok:
            sys.exit(f"not drained: {check.said}")
    with psycopg.connect(database, autocommit=True) as connection:
        while checks.number(connection, TO_ARCHIVE):
            time.sleep(checks.LOOK_S)


def cpu_seconds(pid: int) -> Counter[str]:
    """Of the stage and all below it, with those of its processes that have ended."""
    head = psutil.Process(pid)
    found = Counter[str]()
    for process in [head, *head.children(recursive=True)]:
        try:
            found[kind_of(process)] += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return found


def kind_of(process: psutil.Process) -> str:
    words = process.cmdline()
    if "gasbank" in words:
        return " ".join(["bank", *words[words.index("serve") + 1 :][:1]]) if "serve" in words else "bank"
    return "PostgreSQL" if process.name().startswith("postgres") else "stand-ins"


def print_table(cost: Cost, earlier: Cost | None) -> None:
    kinds = sorted({*cost.per_transfer_ms, *(earlier.per_transfer_ms if earlier else ())})
    sides = [each for each in (earlier, cost) if each is not None]
    titles = ["before", "now"] if earlier else [""]
    print(f"{'':14}" + "".join(f"{f'idle {each}':>16}{f'per transfer {each}':>24}" for each in titles))
    for kind in kinds:
        cells = (f"{side.idle.get(kind, 0):>14.1%}  {side.per_transfer_ms.get(kind, 0):>19.1f} ms  " for side in sides)
        print(f"{kind:14}" + "".join(cells))
    totals = (f"{sum(side.idle.values()):>14.1%}  {sum(side.per_transfer_ms.values()):>19.1f} ms  " for side in sides)
    print(f"{'all':14}" + "".join(totals))
    for title, side in zip(titles, sides, strict=True):
        print(
            f"{title} {side.transfers} transfers, told and archived after {side.took_s:.1f} s; "
            f"{side.busy_cores:.2f} cores while they arrived"
        )


if __name__ == "__main__":
    sys.exit(main())
