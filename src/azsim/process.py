"""Child processes that never outlive the stage, however the stage ends.

On Linux the kernel kills a child when the thread that started it dies (PR_SET_PDEATHSIG), so spawn from the main
thread only. Where there is no such thing (macOS), every pid is also recorded with its start time and the next stage
in the same directory ends what the last one left. Nothing is ever killed by name, and never a pid whose start time
differs: pids are reused.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

PR_SET_PDEATHSIG = 1
# Loaded before any fork: dlopen between fork and exec can deadlock.
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
# psutil derives start times from clock ticks, of which Linux has 100 per second.
SAME_START_S = 0.05
TAIL_BYTES = 2000


class Recorded(msgspec.Struct, frozen=True):
    """One line of the record: a process that was started. `created` is psutil's create_time, seconds since 1970."""

    pid: int
    created: float
    command: str


def hurry(by: int) -> None:
    """A higher priority for this process, where that is allowed; the children that it spawns do not have it."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) - by)


async def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    user: int | None = None,
    record: Path | None = None,
) -> asyncio.subprocess.Process:
    """Start `argv` in a session of its own, its output appended to `log`, as uid and gid `user` when given.

    It dies with us. With `record` (a file, one JSON object a line) it can also be ended by the next stage.
    Raises OSError when the program cannot be started.
    """
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=dict(env),
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C in the terminal of the stage is for the stage
            preexec_fn=before_exec(os.getpid(), user),
        )
    if record is not None:
        note(record, process.pid, argv[0])
    return process


def before_exec(parent: int, user: int | None = None) -> Callable[[], None]:
    """What a child does between fork and exec: take no share of the stage's priority, become `user`, ask to die with `parent`.

    In this order: a change of uid clears the request. `subprocess`'s own `user=` is not there in uvloop.
    """

    def prepare() -> None:
        os.setpriority(os.PRIO_PROCESS, 0, max(0, os.getpriority(os.PRIO_PROCESS, 0)))
        if user is not None:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # died before we asked
                os._exit(1)

    return prepare


def created(pid: int) -> float | None:
    """When a live process started, in seconds since 1970; None when there is none (a zombie counts as gone)."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.NoSuchProcess:
        return None


def is_alive(pid: int, create_time: float) -> bool:
    """Whether that very process still runs."""
    since = created(pid)
    return since is not None and abs(since - create_time) < SAME_START_S


def end(pid: int, create_time: float, within_s: float = 5.0) -> bool:
    """Kill that very process and wait until it is gone; False when it was gone (or another one has its pid)."""
    if not is_alive(pid, create_time):
        return False
    try:
        process = psutil.Process(pid)
        process.kill()
        process.wait(within_s)
    except psutil.NoSuchProcess:
        return False
    return True


async def stop(process: asyncio.subprocess.Process, within_s: float) -> None:
    """SIGTERM, and SIGKILL when it is still there after `within_s`. Returns when it is gone."""
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), within_s)
        except TimeoutError:
            process.kill()
    await process.wait()


def note(record: Path, pid: int, command: str) -> None:
    """Append a started process to the record."""
    since = created(pid)
    if since is not None:
        with record.open("ab") as file:
            file.write(msgspec.json.encode(Recorded(pid, since, command)) + b"\n")


def end_recorded(record: Path) -> list[Recorded]:
    """End whatever of the record is still alive (newest first), remove the record and return the ended."""
    if not record.exists():
        return []
    entries = [msgspec.json.decode(line, type=Recorded) for line in record.read_bytes().splitlines() if line.strip()]
    ended = [entry for entry in reversed(entries) if end(entry.pid, entry.created)]
    record.unlink()
    return ended


def tail(path: Path) -> str:
    """The last words of a log, on one line; they go into an error message."""
    if not path.exists():
        return "(nothing)"
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return " | ".join(line.strip() for line in lines[-8:]) or "(nothing)"
