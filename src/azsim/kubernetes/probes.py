"""Probes: a container is really asked, over a connection of its own each time, and verdicts follow the thresholds.

Plain HTTP, TCP and commands. A probe never raises: whatever goes wrong is a reason why it failed.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from azsim import process

MOST_BYTES = 4096


class Target(NamedTuple):
    """What is probed: where it listens, and how a command would run beside it."""

    ip: str
    port_of: Callable[[int | str], int]
    env: Mapping[str, str]
    cwd: Path


class Thresholds:
    """Counts answers; `passing` is None until there are enough of one kind in a row."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.passing: bool | None = None
        self._needed = {True: spec["successThreshold"], False: spec["failureThreshold"]}
        self._last: bool | None = None
        self._in_a_row = 0

    def count(self, passed: bool) -> bool | None:
        """The state after this answer."""
        self._in_a_row = self._in_a_row + 1 if passed == self._last else 1
        self._last = passed
        if self._in_a_row >= self._needed[passed]:
            self.passing = passed
        return self.passing


async def ask(spec: Mapping[str, Any], target: Target) -> str:
    """Ask once: "" when it passed, else why not."""
    try:
        async with asyncio.timeout(spec["timeoutSeconds"]):
            if "httpGet" in spec:
                return await ask_http(spec["httpGet"], target)
            if "tcpSocket" in spec:
                return await ask_tcp(spec["tcpSocket"], target)
            return await ask_command(spec["exec"]["command"], target)
    except TimeoutError:
        return f"no answer within {spec['timeoutSeconds']} s"
    except OSError as error:
        return str(error.strerror or error)
    except (ValueError, IndexError):
        return "the answer is not HTTP"


async def ask_http(said: Mapping[str, Any], target: Target) -> str:
    port = target.port_of(said["port"])
    headers = {"Host": f"{target.ip}:{port}", "User-Agent": "kube-probe/1.35", "Accept": "*/*", "Connection": "close"}
    headers |= {one["name"]: one["value"] for one in said.get("httpHeaders") or []}
    lines = [f"GET {said['path']} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    reader, writer = await asyncio.open_connection(target.ip, port, limit=MOST_BYTES)
    try:
        writer.write("\r\n".join(lines).encode())
        status = int((await reader.readline()).split()[1])
    finally:
        writer.close()
    return "" if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"


async def ask_tcp(said: Mapping[str, Any], target: Target) -> str:
    _, writer = await asyncio.open_connection(target.ip, target.port_of(said["port"]))
    writer.close()
    return ""


async def ask_command(argv: list[str], target: Target) -> str:
    child = await process.spawn(argv, env=target.env, cwd=target.cwd, log=Path(os.devnull))
    try:
        code = await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return "" if code == 0 else f"command ended with {code}"


async def keep_asking(
    spec: Mapping[str, Any],
    target: Target,
    period_s: Callable[[], float],
    on_answer: Callable[[str], Awaitable[bool]],
    delay_s: float,
) -> None:
    """Ask every period until `on_answer` says that it is enough; at once when the last answer took longer than that."""
    now = asyncio.get_running_loop().time
    await asyncio.sleep(delay_s)
    while True:
        asked = now()
        if await on_answer(await ask(spec, target)):
            return
        await asyncio.sleep(max(0.0, asked + period_s() - now()))
