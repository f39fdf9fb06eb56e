"""Children of the stage: started, ended, never somebody else's."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from azsim import process

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]
KILLED_PARENT = """
import asyncio, os, pathlib, sys
from azsim import process
async def main():
    child = await process.spawn([sys.executable, "-c", "import time; time.sleep(60)"], env=os.environ, cwd=pathlib.Path("/"), log=pathlib.Path(sys.argv[1]))
    print(child.pid, process.created(child.pid), flush=True)
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""


async def up(argv: list[str], folder: Path) -> asyncio.subprocess.Process:
    """Start and wait for its first word."""
    child = await process.spawn(argv, env=os.environ, cwd=folder, log=folder / "log", record=folder / "record")
    while "up" not in (folder / "log").read_text():  # noqa: ASYNC110 - a file tells of no event
        await asyncio.sleep(0.01)
    return child


def test_a_child_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    """Nothing of ours runs after `kill -9`."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED_PARENT, str(tmp_path / "log")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    pid, created = done.stdout.split()
    if process.is_alive(int(pid), float(created)):
        psutil.Process(int(pid)).wait(5)
    assert not process.is_alive(int(pid), float(created))


def test_a_child_ends_when_asked_and_is_killed_when_deaf(tmp_path: Path) -> None:
    """SIGTERM first, SIGKILL after the time given."""

    async def scene() -> list[int | None]:
        codes = []
        for argv, within_s in ((SLEEPER, 10.0), (DEAF, 0.1)):
            (tmp_path / "log").unlink(missing_ok=True)
            child = await up(argv, tmp_path)
            await process.stop(child, within_s)
            codes.append(child.returncode)
        return codes

    assert asyncio.run(scene()) == [-15, -9]


def test_what_was_recorded_is_ended_and_nothing_else(tmp_path: Path) -> None:
    """A pid with another start time belongs to somebody else by now."""
    record = tmp_path / "record"

    async def scene() -> tuple[list[int], bool]:
        child = await up(SLEEPER, tmp_path)
        line = record.read_text()
        process.note(record, os.getpid(), "us, as if our pid had been reused")
        record.write_text(line + record.read_text().splitlines()[-1].replace('"created":', '"created":1') + "\n\n")
        ended = [entry.pid for entry in process.end_recorded(record)]
        await child.wait()
        return ended, ended == [child.pid]

    ended, only_the_child = asyncio.run(scene())
    assert only_the_child, ended
    assert not record.exists()


def test_a_program_that_is_not_there_is_an_oserror(tmp_path: Path) -> None:
    """And nothing is recorded."""
    with pytest.raises(OSError, match="No such file"):
        asyncio.run(
            process.spawn(["/no/such/program"], env={}, cwd=tmp_path, log=tmp_path / "log", record=tmp_path / "record")
        )
    assert not (tmp_path / "record").exists()
