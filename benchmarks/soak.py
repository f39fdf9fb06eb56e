"""Kill processes of the whole stage at random moments, under load, and see that nothing acknowledged is lost.

    python benchmarks/soak.py [--kills 200] [--seed 7] [--json]

Buses, blob services, databases and each kind of pod are killed with `kill -9` while transfers, messages and blobs are
written. Afterwards everything that was acknowledged must be there, once, and the books must agree with themselves. Exit code 1 otherwise.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from typing import Any

from soaking import checks, stage
from soaking.writers import Bank, Blobs, Bus, Reader, Told

SETTLED_S = 60.0
BUSY_RATE, BUS_RATE, BLOB_RATE = 20.0, 10.0, 10.0


def main() -> int:
    arguments = parse()
    with stage.running(f"stage.seed={arguments.seed}") as said:
        found, killed, told = asyncio.run(soak(said, arguments))
    report(found, killed, told, as_json=arguments.json)
    return 0 if all(check.ok for check in found) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="how many processes to kill (200)")
    parser.add_argument("--seed", type=int, default=7, help="of what is killed when (7)")
    parser.add_argument("--every", type=float, default=0.5, help="mean seconds between two kills (0.5)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser.parse_args()


async def soak(said: dict[str, Any], arguments: argparse.Namespace) -> tuple[list[checks.Check], Counter[str], Told]:
    run, told, stopping = f"soak{arguments.seed}", Told(), asyncio.Event()
    accounts = {name: one["connection_string"] for name, one in said["storage"].items()}
    buses = {name: one["connection_string"] for name, one in said["servicebus"].items()}
    threads = [Bus(name, connection, run, told, BUS_RATE) for name, connection in buses.items()]
    readers = [Reader(name, connection, told) for name, connection in buses.items()]
    for thread in (*threads, *readers):
        thread.start()
    writing = [
        asyncio.create_task(Bank(said["bank"], run, told, BUSY_RATE).write(stopping)),
        asyncio.create_task(Blobs(accounts, run, told, BLOB_RATE).write(stopping)),
    ]
    killed = await kill_at_random(arguments)
    await until_whole()
    stopping.set()
    for thread in threads:
        thread.stopping.set()
    await asyncio.wait_for(asyncio.gather(*writing), SETTLED_S)
    found = await asyncio.to_thread(judge, run, told)
    found += await checks.blobs(accounts, run, told)
    for reader in readers:
        reader.stopping.set()
    return found, killed, told


async def kill_at_random(arguments: argparse.Namespace) -> Counter[str]:
    """Kinds in turn, so that each is hit as often; which one of a kind, and when, is drawn."""
    draw, killed = random.Random(arguments.seed), Counter[str]()
    while killed.total() < arguments.kills:
        await asyncio.sleep(draw.expovariate(1 / arguments.every))
        present = stage.victims(await asyncio.to_thread(stage.status))
        kinds = sorted({victim.kind for victim in present}, key=lambda kind: killed[kind])
        if not kinds:
            continue
        victim = draw.choice([victim for victim in present if victim.kind == kinds[0]])
        if stage.kill(victim):
            killed[victim.kind] += 1
            print(f"{killed.total():4d} {time.strftime('%H:%M:%S')} {victim.name}", file=sys.stderr)
    return killed


async def until_whole() -> None:
    deadline = time.monotonic() + SETTLED_S
    while not stage.is_whole(await asyncio.to_thread(stage.status)):
        if time.monotonic() > deadline:
            raise SystemExit(f"not whole {SETTLED_S:g} s after the last kill: firedrill stage status --json")
        await asyncio.sleep(0.3)


def judge(run: str, told: Told) -> list[checks.Check]:
    environment = stage.environment()
    database = environment["SQL_READ_WRITE"]
    return [
        *checks.drained(database),
        *checks.transfers(database, run, told),
        *checks.gas(database),
        *checks.books(environment),
        *checks.messages(told, SETTLED_S),
    ]


def report(found: list[checks.Check], killed: Counter[str], told: Told, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"killed": killed, "attempts": told.attempts, "checks": [check._asdict() for check in found]}))
        return
    print(f"{killed.total()} kills: " + ", ".join(f"{kind} {count}" for kind, count in sorted(killed.items())))
    print(
        f"acknowledged: {len(told.transfers)} transfers (in {told.attempts} attempts), "
        f"{len(told.messages)} messages, {len(told.blobs)} blobs"
    )
    for check in found:
        print(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.said}")


if __name__ == "__main__":
    sys.exit(main())
