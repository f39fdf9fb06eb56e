"""A client that writes as fast as it can, in a process of its own, and notes what the database acknowledged.

Run as a program: URL, file, number of connections. Each line of the file is an acknowledged id and when, on the
machine's monotonic clock. Every error is answered by a new connection, as a bank would.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from threading import Thread
from typing import IO, Any

import psycopg

from azsim.sql import admin
from azsim.sql.group import FailoverGroup, GroupSettings

TABLE = "create table if not exists written(id text primary key)"


class Acknowledged(dict[str, float]):
    """Id of a write to when it was acknowledged."""


def hammer(url: str, name: str, acknowledged: IO[str]) -> None:
    numbers = count()
    while True:
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
                for number in numbers:
                    connection.execute("insert into written values (%s)", [f"{name}-{number}"])
                    acknowledged.write(f"{name}-{number} {time.monotonic()}\n")
        except psycopg.Error as error:
            print(f"{time.monotonic()} {error}", file=sys.stderr, flush=True)


@contextmanager
def hammering(url: str, file: Path, connections: int = 4) -> Iterator[None]:
    """Hammer in a child process for the life of the context."""
    with file.with_suffix(".errors").open("w") as errors:
        child = subprocess.Popen([sys.executable, __file__, url, str(file), str(connections)], stderr=errors)
        try:
            yield
        finally:
            child.kill()
            child.wait()


def acknowledged_in(file: Path) -> Acknowledged:
    """What the hammer noted; a line cut short by its end does not count."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    return Acknowledged((line.split()[0], float(line.split()[1])) for line in lines if line.endswith("\n"))


async def stored_in(url: str) -> set[str]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        return {row[0] for row in await (await connection.execute("select id from written")).fetchall()}


async def until_written(file: Path, more_than: int, within_s: float = 20.0) -> None:
    """Wait until more than so many writes were acknowledged."""
    deadline = time.monotonic() + within_s
    while len(acknowledged_in(file)) <= more_than:
        assert time.monotonic() < deadline, f"only {len(acknowledged_in(file))} writes within {within_s} s"
        await asyncio.sleep(0.05)


class Events(list[tuple[float, str, dict[str, Any]]]):
    """The stage's log, each entry with the monotonic time."""

    def note(self, name: str, data: dict[str, Any]) -> None:
        self.append((time.monotonic(), name, data))

    def at(self, name: str, **data: Any) -> float:
        """When the latest event of that name, and with these data, came."""
        return max(at for at, kind, has in self if kind == name and data.items() <= has.items())

    def names(self) -> list[str]:
        return [name for _, name, _ in self]


@asynccontextmanager
async def running_group(folder: Path, **settings: Any) -> AsyncIterator[tuple[FailoverGroup, Events]]:
    events = Events()
    group = FailoverGroup(GroupSettings(**settings), events.note)
    try:
        await group.start(folder)
        async with await psycopg.AsyncConnection.connect(group.read_write_url, autocommit=True) as connection:
            await connection.execute(TABLE)
        await admin.until_received(group.pair.primary.cluster, group.pair.secondary.cluster, within_s=10)
        yield group, events
    finally:
        await group.stop()


if __name__ == "__main__":
    with Path(sys.argv[2]).open("a", buffering=1) as target:
        threads = [Thread(target=hammer, args=(sys.argv[1], f"w{n}", target)) for n in range(int(sys.argv[3]))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
