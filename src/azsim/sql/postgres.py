"""One PostgreSQL cluster: made, started, killed, promoted, rewound. Real programs, real durability, loopback only.

It knows nothing of failover groups, listeners or lag; `group` decides, this file does. Command-line options carry what
differs between two clusters (name, port, where the log comes from), because pg_rewind copies configuration files.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil

from azsim import net, process
from azsim.errors import StageError
from azsim.sql.home import Home, clear_data
from azsim.sql.listener import HOST

STAGE_USER = "stage"
READY_WITHIN_S = 30.0
LOOK_EVERY_S = 0.02
LOG_TAIL_BYTES = 600
# Line 8 of postmaster.pid is what pg_ctl reads as well.
STATUS_LINE = 7
CONFIG = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
# A failover must find room whatever the system's pools do: those ten are for the stage itself.
max_connections = 400
superuser_reserved_connections = 10
shared_buffers = 32MB
# In the data folder, so that a killed cluster leaves nothing in /dev/shm.
dynamic_shared_memory_type = mmap
io_method = sync
wal_level = replica
wal_log_hints = on
wal_keep_size = 256MB
max_wal_senders = 8
hot_standby = on
include = 'durability.conf'
synchronous_commit = on
# The link holds the log back for as long as it is told to: silence is not death.
wal_sender_timeout = 0
wal_receiver_timeout = 0
wal_retrieve_retry_interval = 200ms
checkpoint_timeout = 15min
max_wal_size = 1GB
# A login costs the two cores of a laptop less; the passwords are random and local.
scram_iterations = 256
jit = off
timezone = UTC
log_timezone = UTC
"""
HBA = """
host all all 127.0.0.1/32 scram-sha-256
host replication stage 127.0.0.1/32 scram-sha-256
"""


class PostgresError(StageError):
    """A program of PostgreSQL ended badly; `next` shows the end of its log."""

    def __init__(self, what: str, log: Path) -> None:
        super().__init__(what, f"Read {log}; it ends with:\n{tail(log)}")


class Cluster:
    """One server. It keeps its `port` as long as nobody else takes it: a client that remembers it finds the same server."""

    def __init__(self, name: str, home: Home, password: str, log: Path, record: Path | None) -> None:
        self.name = name
        self.home = home
        self.password = password
        self.data = home.base / name
        self.log = log
        self.record = record
        self.port = 0
        self.died: Callable[[int], None] | None = None  # called with the exit code when nobody asked it to end
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self.is_running and self._process else None

    def conninfo(self, port: int, database: str = "postgres") -> str:
        """How the stage itself connects to `port`; the password is in the passfile."""
        return (
            f"host={HOST} port={port} dbname={database} user={STAGE_USER} passfile={self.home.base / 'pgpass'} "
            f"sslmode=disable gssencmode=disable connect_timeout=10"
        )

    async def init(self) -> None:
        """Make an empty cluster with the stage's superuser."""
        secret = self.write("password", self.password + "\n")
        self.write("pgpass", f"{HOST}:*:*:{STAGE_USER}:{self.password}\n")
        options = ["-U", STAGE_USER, f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        await self.run("initdb", "-D", str(self.data), *options, "--no-sync", "--no-instructions")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(CONFIG)
        (self.data / "pg_hba.conf").write_text(HBA)

    async def copy_from(self, port: int) -> None:
        """Become a fresh copy of the running cluster at `port` (a full reseeding)."""
        clear_data(self.data)
        options = ["--checkpoint=fast", "--wal-method=fetch", "--no-sync", "--no-manifest"]
        await self.run("pg_basebackup", "-D", str(self.data), "-d", self.conninfo(port), *options)

    async def back_up(self, to: Path) -> None:
        """A copy of its data in the folder `to`, which needs the log from its start on. It must be running."""
        options = ["--checkpoint=fast", "--wal-method=none", "--no-sync", "--no-manifest"]
        await self.run("pg_basebackup", "-D", str(to), "-d", self.conninfo(self.port), *options)

    async def restore(self, data: Path, log: list[Path], point: datetime) -> None:
        """Become what `data` and the log after it say of the moment `point`; returns while it is still recovering."""
        await self.run("/bin/cp", "-Rp", str(data), str(self.data))
        await self.run("/bin/cp", "-p", *map(str, log), str(self.data / "pg_wal"))
        self.write(f"{self.name}/recovery.signal", "")
        moment = point.astimezone(UTC).isoformat()  # this early PostgreSQL knows no name of a time zone, and no Z
        # All of the log is there: nobody has to be asked for it.
        await self.start(restore_command="false", recovery_target_time=moment, recovery_target_action="promote")

    async def rewind(self, port: int) -> None:
        """Undo what the running cluster at `port` never received. Only when not running; raises PostgresError."""
        self.set_durable(False)
        source = f"--source-server={self.conninfo(port)}"
        await self.run("pg_rewind", f"--target-pgdata={self.data}", source, "--no-sync")

    def set_durable(self, durable: bool) -> None:
        """Whether commits wait for the disk. Not while coming up: a thousand files would be flushed one by one."""
        self.write(f"{self.name}/durability.conf", f"fsync = {'on' if durable else 'off'}\n")
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    async def start(self, *, log_from_port: int = 0, standby: bool = False, **more: str) -> None:
        """Start, as a standby that reads its log from `log_from_port` or as a primary. Returns when it takes logins.

        `more` are settings of PostgreSQL. Call `set_durable` before clients may write.
        """
        signal_file = self.data / "standby.signal"
        if standby:
            self.write(f"{self.name}/standby.signal", "")
        else:
            signal_file.unlink(missing_ok=True)
        self.set_durable(False)
        self.port = free_port(self.port)
        source = f"{self.conninfo(log_from_port)} application_name={self.name}"
        settings = {"port": str(self.port), "cluster_name": self.name, "primary_conninfo": source, **more}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        self._process = await self.spawn("postgres", "-D", str(self.data), *options, recorded=True)
        self._watch = asyncio.create_task(self.watch(self._process))
        await self.until_ready(self._process)

    async def until_ready(self, child: asyncio.subprocess.Process) -> None:
        """There is no event for it: read the status that the server writes for pg_ctl."""
        deadline = asyncio.get_running_loop().time() + READY_WITHIN_S
        while status(self.data, child.pid) not in ("ready", "standby"):
            if child.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise PostgresError(f"PostgreSQL of {self.name} did not start", self.log)
            await asyncio.sleep(LOOK_EVERY_S)

    async def watch(self, child: asyncio.subprocess.Process) -> None:
        code = await child.wait()
        if self._process is child:
            self._process = None
            if self.died is not None:
                self.died(code)

    async def stop(self, within_s: float) -> bool:
        """End in order, the last of the log sent to the standby first. Whether that was done in time; else killed."""
        return await self._end(signal.SIGINT, within_s)

    async def quit(self, within_s: float) -> bool:
        """End without a checkpoint and without waiting for anybody. Whether it ended by itself in time; else killed."""
        return await self._end(signal.SIGQUIT, within_s)

    async def _end(self, how: signal.Signals, within_s: float) -> bool:
        child, self._process = self._process, None
        if child is None or child.returncode is not None:
            return True
        child.send_signal(how)
        try:
            await asyncio.wait_for(child.wait(), within_s)
        except TimeoutError:
            kill_at_once(child.pid)
            await child.wait()
            return False
        return True

    async def kill(self) -> None:
        """Kill all of its processes at once."""
        child, self._process = self._process, None
        if child is not None and child.returncode is None:
            kill_at_once(child.pid)
            await child.wait()

    async def run(self, program: str, *arguments: str) -> None:
        child = await self.spawn(program, *arguments)
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            kill_at_once(child.pid)  # pg_rewind starts a server of its own
            await child.wait()
            raise
        if code:
            raise PostgresError(f"{program} of {self.name} ended with code {code}", self.log)

    async def spawn(self, program: str, *arguments: str, recorded: bool = False) -> asyncio.subprocess.Process:
        return await process.spawn(
            [str(self.home.programs / program), *arguments],
            env={
                "PATH": f"{self.home.programs}:{os.defpath}",
                "LC_ALL": "C",
                "PGPASSFILE": str(self.home.base / "pgpass"),
            },
            cwd=self.home.base,
            log=self.log,
            user=self.home.user,
            record=self.record if recorded else None,
        )

    def write(self, name: str, text: str) -> Path:
        """Write a file below the base that the user of PostgreSQL owns and nobody else reads."""
        path = self.home.base / name
        path.touch(mode=0o600)
        path.write_text(text)
        if self.home.user is not None:
            os.chown(path, self.home.user, self.home.user)
        return path


def kill_at_once(pid: int) -> None:
    """Stop all, then kill all: killed one by one, the senders would still flush the log on their way out."""
    try:
        head = psutil.Process(pid)
        head.suspend()  # from here on it starts no more children
        family = [head, *head.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for action in (psutil.Process.suspend, psutil.Process.kill):
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                action(member)


def status(data: Path, pid: int) -> str:
    """What the postmaster `pid` wrote about itself: starting, ready, standby, stopping; "" when it has not yet."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return ""
    return lines[STATUS_LINE].strip() if len(lines) > STATUS_LINE and lines[0].strip() == str(pid) else ""


def tail(log: Path) -> str:
    return log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace") if log.exists() else ""


def free_port(before: int) -> int:
    """The port it had before (0: none yet) when nobody took it meanwhile, else another."""
    if before:
        with contextlib.suppress(StageError), net.bind(before, "PostgreSQL"):
            return before
    return net.free_port()
