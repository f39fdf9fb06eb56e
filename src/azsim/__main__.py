"""`python -m azsim up --dir DIR --config FILE`: the stage as a foreground daemon.

Prints exactly one JSON line on stdout, when it is ready or when it cannot be; everything else goes to `stage.log`.
SIGTERM and Ctrl-C end it cleanly.
"""

import argparse
import asyncio
import os
import secrets
import signal
from pathlib import Path
from typing import Any

import msgspec

from azsim import process, settings
from azsim.errors import StageError
from azsim.home import Home
from azsim.log import StageLog

# The stage is the network, the entry and the name service: on Azure those do not wait for the processors of the system.
HASTE = 5


def main() -> int:
    arguments = parse()
    if arguments.command == "emulated":
        from azsim.emulated import page

        print(page(), end="")
        return 0
    home = Home(arguments.dir.resolve())
    try:
        config = settings.load(arguments.config)
        lock = home.claim()
    except StageError as error:
        return refuse(error)
    with lock:
        try:
            return run(config, home)
        finally:
            # Last of all: who waits for this file to go may start the next stage at once.
            home.address.unlink(missing_ok=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m azsim", description="The rehearsal stage: a stand-in for Azure on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    commands.add_parser("emulated", help="print what of Azure the stage stands in for, as Markdown")
    up = commands.add_parser("up", help="start a stage and keep it running until it is told to end")
    up.add_argument("--dir", type=Path, required=True, help="the stage's directory: logs, ca.pem, stage.json")
    up.add_argument("--config", type=Path, required=True, help="its configuration, a JSON file")
    return parser.parse_args()


def run(config: settings.StageConfig, home: Home) -> int:
    import uvloop  # 30 ms that a refusal need not wait for

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(up(config, home))


async def up(config: settings.StageConfig, home: Home) -> int:
    """Start, say so, wait to be told to end, end. Returns the exit code."""
    from azsim.stage import Stage, told

    process.hurry(HASTE)
    ended = home.prepare()
    log = StageLog(home.log)
    log.record("stage.starting", pid=os.getpid(), profile=config.profile, seed=config.seed, ended_leftovers=ended)
    token = secrets.token_urlsafe(24)
    try:
        stage = Stage(config, home, log, token)
    except StageError as error:
        log.record("stage.failed", error=error.what)
        return refuse(error)
    stop_on_signals(stage.stopping)
    try:
        if await started(stage):
            announce(
                home, {"ready": True, "control": stage.addresses.url("control"), "token": token, "pid": os.getpid()}
            )
            await stage.stopping.wait()
        return 0
    except Exception as error:  # noqa: BLE001 - whatever it was, it is told in one line and logged
        log.record("stage.failed", error=f"{type(error).__name__}: {error}")
        return refuse(told(error))
    finally:
        await stage.stop()
        log.close()


async def started(stage: Any) -> bool:
    """Start, unless told to end before that: then False."""
    starting, told_to_end = asyncio.create_task(stage.start()), asyncio.create_task(stage.stopping.wait())
    await asyncio.wait({starting, told_to_end}, return_when=asyncio.FIRST_COMPLETED)
    told_to_end.cancel()
    if starting.done():
        await starting
        return True
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    return False


def stop_on_signals(stopping: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)


def announce(home: Home, address: dict[str, Any]) -> None:
    home.publish({**address, "create_time": process.created(os.getpid())})
    say(address)


def refuse(error: StageError) -> int:
    say({"ready": False, "error": {"what": error.what, "next": error.next}})
    return 1


def say(line: dict[str, Any]) -> None:
    print(msgspec.json.encode(line).decode(), flush=True)


if __name__ == "__main__":
    # Everything is closed and flushed by now; the interpreter's own tidying up takes a second on a busy machine.
    os._exit(main())
