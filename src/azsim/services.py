"""A service of the stage that is a process of its own: killed, it is started again with its data and its ports.

Buses and blob services are children because drills kill them. The parent speaks to a child over a small admin
address; clients never see it.
"""

import asyncio
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from azsim import process
from azsim.errors import StageError
from azsim.ground import Ground
from azsim.net import LOOPBACK, free_port

READY_S = 30.0
LOOK_AGAIN_S = 0.02
AGAIN_AFTER_S = 0.2
ASK_S = 20.0
STOP_S = 1.0


class ServiceGone(Exception):  # noqa: N818 - a state, not a fault of ours
    """The child is not running, or does not answer."""


class ServiceRefused(Exception):  # noqa: N818
    """The child said no: HTTP `status`, a `code` and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class Service:
    """`python -m azsim.<module> --config FILE`; `config` is given to it with the admin address and the ground's files."""

    def __init__(self, name: str, module: str, config: dict[str, Any], ground: Ground) -> None:
        self.name = name
        self.folder = ground.folder / module / name
        self.restarts = 0
        self._module = module
        self._ground = ground
        self._token = secrets.token_urlsafe(24)
        self._admin = f"http://{LOOPBACK}:{config.setdefault('admin_port', free_port())}"
        self._config = {
            "name": name,
            "admin_token": self._token,
            "folder": str(self.folder),
            "server_pem": str(ground.server_pem),
            "keys": str(ground.keys),
            **config,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def pid(self) -> int | None:
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    async def start(self) -> None:
        """Start it and return when it answers; StageError with its last words otherwise."""
        self.folder.mkdir(parents=True, exist_ok=True)
        headers = {"Authorization": f"Bearer {self._token}"}
        self._session = aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=ASK_S))
        child = await self._spawn()
        await self._answering(child)
        self._keeper = asyncio.create_task(self._keep_running(child))

    async def _spawn(self) -> asyncio.subprocess.Process:
        file = self.folder / "service.json"
        file.touch(mode=0o600)
        file.write_bytes(msgspec.json.encode(self._config))
        argv = [sys.executable, "-m", f"azsim.{self._module}", "--config", str(file)]
        self._process = await process.spawn(
            argv, env=os.environ, cwd=self.folder, log=self._log_file, record=self._ground.record
        )
        self._ground.log.record("service.started", service=self.name, pid=self._process.pid)
        return self._process

    @property
    def _log_file(self) -> Path:
        folder = self._ground.folder / "logs"
        folder.mkdir(exist_ok=True)
        return folder / f"{self.name}.log"

    async def _answering(self, child: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(READY_S):
                while child.returncode is None and not await self._answers():  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_AGAIN_S)  # a process that starts tells nobody when it listens
        except TimeoutError:
            raise StageError(f"{self.name} did not answer within {READY_S:g} s", f"read {self._log_file}") from None
        if child.returncode is not None:
            raise StageError(
                f"{self.name} ended with {child.returncode} before it answered; its last words: {process.tail(self._log_file)}",
                f"read {self._log_file}",
            )

    async def _answers(self) -> bool:
        try:
            await self.ask("GET", "/healthz")
        except (ServiceGone, ServiceRefused):
            return False
        return True

    async def _keep_running(self, child: asyncio.subprocess.Process) -> None:
        while True:
            code = await child.wait()
            self._ground.log.record("service.died", service=self.name, code=code, tail=process.tail(self._log_file))
            await asyncio.sleep(AGAIN_AFTER_S)
            self.restarts += 1
            child = await self._spawn()

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer of its admin address; ServiceGone or ServiceRefused."""
        if self._session is None:
            raise ServiceGone(f"{self.name} was not started")
        try:
            async with self._session.request(method, self._admin + path, json=body) as answer:
                content = await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServiceGone(f"{self.name} does not answer: {error or type(error).__name__}") from error
        return understood(status, content)

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL. Safe after a failed start."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process is not None:
            await process.stop(self._process, STOP_S)
        if self._session is not None:
            await self._session.close()


def understood(status: int, content: bytes) -> Any:
    """What an admin answer says; ServiceRefused from 400 on."""
    try:
        said = msgspec.json.decode(content) if content.strip() else None
    except msgspec.MsgspecError:
        said = {"message": content[:200].decode(errors="replace")}
    if status < 400:
        return said
    told = said if isinstance(said, dict) else {}
    raise ServiceRefused(status, told.get("code", "Error"), told.get("message", f"answered {status}"))
