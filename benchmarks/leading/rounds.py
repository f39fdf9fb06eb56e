"""Kill, stop or cut off whoever leads, again and again, and read from the database what came of it.

A table of acts tells all: its numbers are given inside the transaction that holds the token, so a token after a newer one is a
write that the database should have refused.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.leading.ways import Way

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("kill", "pause", "cut", "hang")
TABLES = """CREATE SCHEMA acting;
    CREATE TABLE acting.acts (nth bigserial PRIMARY KEY, token bigint, who text, stubborn boolean);
    CREATE TABLE acting.refused (nth bigserial PRIMARY KEY, token bigint, who text);
    GRANT USAGE ON SCHEMA acting TO gasbank_plant;
    GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA acting TO gasbank_plant;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA acting TO gasbank_plant"""
TWO_THAT_ACT = """SELECT count(*) FROM (
        SELECT token, who, max(token) OVER (ORDER BY nth) AS newest, min(who) OVER (PARTITION BY token) AS sole FROM acting.acts
    ) AS a WHERE token < newest OR who <> sole"""
PATIENCE_S = 60.0
LOOK_S = 0.02


@dataclass
class Result:
    """Seconds; `late`: how often a take-over took longer than `limit_s`."""

    lease_s: float
    rounds: int = 0
    takeovers: list[float] = field(default_factory=list)
    acts: int = 0
    refused: int = 0
    two_that_act: int = 0

    @property
    def limit_s(self) -> float:
        return self.lease_s + 1.0

    @property
    def late(self) -> int:
        return sum(took > self.limit_s for took in self.takeovers)

    def __str__(self) -> str:
        ordered = sorted(self.takeovers)
        return (
            f"{self.rounds} rounds, lease {self.lease_s:g} s: {self.acts} acts, {self.two_that_act} under an old token, "
            f"{self.refused} stale tokens refused; take-over after {ordered[0]:.2f} / {ordered[len(ordered) // 2]:.2f} / "
            f"{ordered[-1]:.2f} s (min/median/max), {self.late} after more than {self.limit_s:g} s"
        )


@dataclass
class Contender:
    """One process and its own way to the database."""

    name: str
    way: Way
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
        argv = [sys.executable, "-m", "benchmarks.leading.process"]
        self.process = subprocess.Popen(argv, cwd=ROOT, env=self.environment | {"PYTHONPATH": path})

    def send(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class Rounds:
    """`address`: of a migrated database; `port`: where its server listens."""

    def __init__(self, address: str, port: int, lease_s: float, seed: int = 0, mistake: str = "") -> None:
        self.address, self.port, self.mistake = address, port, mistake
        self.rng = random.Random(seed)
        self.result = Result(lease_s)
        self.contenders: dict[str, Contender] = {}
        self.connection: psycopg.AsyncConnection | None = None

    async def run(self, rounds: int, contenders: int = 3) -> Result:
        self.connection = await psycopg.AsyncConnection.connect(self.address, autocommit=True)
        try:
            await self._ask(TABLES)
            for number in range(contenders):
                await self._join(f"contender-{number}")
            await self._until(lambda: self._newer(0))
            for number in range(rounds):
                await self._round(KINDS[number % len(KINDS)])
            await self._count()
        finally:
            for contender in self.contenders.values():
                contender.end()
                await contender.way.close()
            await self.connection.close()
        return self.result

    async def _join(self, name: str) -> None:
        way = Way(self.port)
        await way.open()
        user, _, database = self.address.rpartition("/")
        environment = {
            **{key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "VIRTUAL_ENV")},
            "INSTANCE": name,
            "SQL_READ_WRITE": f"{user.rpartition(':')[0]}:{way.port}/{database}",
            "GASBANK_LEASE": f"{self.result.lease_s}s",
            "MISTAKE": self.mistake,
        }
        self.contenders[name] = Contender(name, way, environment)
        self.contenders[name].start()

    async def _round(self, kind: str) -> None:
        """Disturb who leads now, wait for the next one, and put back what was disturbed."""
        await asyncio.sleep(self.rng.uniform(0, self.result.lease_s / 2))
        [(token, who)] = await self._ask("SELECT token, who FROM acting.acts ORDER BY nth DESC LIMIT 1")
        leader, refused = self.contenders[who], await self._refused(who)
        began = time.monotonic()
        await self._disturb(leader, kind)
        await self._until(lambda: self._newer(token))
        self.result.takeovers.append(time.monotonic() - began)
        self.result.rounds += 1
        [(seen,)] = await self._ask("SELECT max(nth) FROM acting.acts")
        await self._put_back(leader, kind)
        if kind != "kill":
            await self._until(lambda: self._insisted(who, token, refused, seen))

    async def _disturb(self, leader: Contender, kind: str) -> None:
        match kind:
            case "kill":
                leader.end()
            case "pause":
                leader.send(signal.SIGSTOP)
            case _:
                await leader.way.cut(hang=kind == "hang")

    async def _put_back(self, leader: Contender, kind: str) -> None:
        match kind:
            case "kill":
                leader.start()
            case "pause":
                leader.send(signal.SIGCONT)
            case _:
                await leader.way.open()

    async def _count(self) -> None:
        [(self.result.acts,)] = await self._ask("SELECT count(*) FROM acting.acts")
        [(self.result.refused,)] = await self._ask("SELECT count(*) FROM acting.refused")
        [(self.result.two_that_act,)] = await self._ask(TWO_THAT_ACT)

    async def _newer(self, token: int) -> bool:
        return bool(await self._ask(f"SELECT 1 FROM acting.acts WHERE token > {token} ORDER BY nth DESC LIMIT 1"))  # noqa: S608

    async def _refused(self, who: str) -> int:
        [(count,)] = await self._ask(f"SELECT count(*) FROM acting.refused WHERE who = '{who}'")  # noqa: S608
        return int(count)

    async def _insisted(self, who: str, token: int, refused: int, seen: int) -> bool:
        """The old leader is back and tried to write: it was refused, or it was not."""
        if await self._refused(who) > refused:
            return True
        acted = f"SELECT 1 FROM acting.acts WHERE nth > {seen} AND token = {token}"  # noqa: S608
        return bool(await self._ask(acted))

    async def _ask(self, statement: str) -> list[Any]:
        cursor = await self._connection().execute(statement.encode())
        return await cursor.fetchall() if cursor.description else []

    def _connection(self) -> psycopg.AsyncConnection:
        if self.connection is None:
            raise RuntimeError("not connected: only `run` asks")
        return self.connection

    async def _until(self, there: Callable[[], Awaitable[bool]]) -> None:
        """A table has no event that tells of a row."""
        async with asyncio.timeout(PATIENCE_S):
            while not await there():  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)
