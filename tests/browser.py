"""A headless Chromium spoken to over its DevTools protocol, for tests that must see a page as a reader does.

It has no network (the protocol itself switches it off), keeps its profile in a folder of its own, and is ended by
process id. It refuses to guess: a reply that does not come within `PATIENCE_S` is an error.
"""

import asyncio
import base64
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE_S = 30.0
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)

Message = dict[str, Any]


def find_browser() -> str | None:
    """Path of a Chromium on this machine, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Page:
    """One tab. Everything that the browser reports is kept in `seen`, in order."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seen: list[Message] = []
        self.numbers = itertools.count(1)
        self.waiting: dict[int, asyncio.Future[Message]] = {}
        self.arrived = asyncio.Condition()

    async def listen(self) -> None:
        async for frame in self.socket:
            message = frame.json()
            if "id" in message:
                self.waiting.pop(message["id"]).set_result(message)
            else:
                async with self.arrived:
                    self.seen.append(message)
                    self.arrived.notify_all()

    async def call(self, method: str, **params: Any) -> Message:
        """One command and its result; RuntimeError when the browser refuses it."""
        number = next(self.numbers)
        self.waiting[number] = asyncio.get_running_loop().create_future()
        reply = self.waiting[number]
        await self.socket.send_json({"id": number, "method": method, "params": params})
        message = await asyncio.wait_for(reply, PATIENCE_S)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return dict(message["result"])

    async def until(self, method: str) -> Message:
        """The first report of this kind, already here or still to come."""
        async with asyncio.timeout(PATIENCE_S), self.arrived:
            await self.arrived.wait_for(lambda: self.of(method))
        return self.of(method)[0]

    def of(self, method: str) -> list[Message]:
        return [message["params"] for message in self.seen if message["method"] == method]

    async def open(self, file: Path) -> None:
        """Loads a file with the network switched off; returns when its load event has fired."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
        )
        await self.call("Page.navigate", url=file.as_uri())
        await self.until("Page.loadEventFired")

    async def visit(self, address: str) -> None:
        """Loads a page of a server on this machine; returns when its load event has fired."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=address)
        await self.until("Page.loadEventFired")

    async def resize(self, width: int, height: int) -> None:
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    async def prefer(self, scheme: str, media: str = "") -> None:
        """`scheme` light or dark; `media` "print" shows the page as it prints."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.call("Emulation.setEmulatedMedia", media=media, features=features)

    async def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression (promises are awaited); RuntimeError when it throws."""
        reply = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in reply:
            raise RuntimeError(f"{expression}: {reply['exceptionDetails']}")
        return reply["result"].get("value")

    async def picture(
        self, file: Path, clip: tuple[float, float, float, float] | None = None, scale: float = 1
    ) -> None:
        """A PNG of the window, or of (x, y, width, height) anywhere on the page."""
        part: Message = {}
        if clip:
            x, y, width, height = clip
            part = {
                "clip": {"x": x, "y": y, "width": width, "height": height, "scale": scale},
                "captureBeyondViewport": True,
            }
        reply = await self.call("Page.captureScreenshot", format="png", **part)
        await asyncio.to_thread(file.write_bytes, base64.b64decode(reply["data"]))


@asynccontextmanager
async def browse() -> AsyncIterator[Page]:
    """A fresh browser with one empty tab, gone with its profile afterwards."""
    path = find_browser()
    if path is None:
        raise FileNotFoundError(f"no Chromium here; looked for {', '.join(NAMES)}")
    profile = Path(tempfile.mkdtemp(prefix="firedrill-browser-"))
    process = await asyncio.create_subprocess_exec(
        path, *FLAGS, f"--user-data-dir={profile}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session, attached(session, await address_of(process)) as page:
            yield page
    finally:
        process.terminate()
        await process.communicate()
        shutil.rmtree(profile, ignore_errors=True)


async def address_of(process: asyncio.subprocess.Process) -> str:
    """Where it listens: Chromium says so on stderr."""
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        async for line in process.stderr:
            if b"DevTools listening on ws://" in line:
                return line.split(b"ws://")[1].split(b"/")[0].decode()
    raise RuntimeError("Chromium ended before it listened")


@asynccontextmanager
async def attached(session: aiohttp.ClientSession, address: str) -> AsyncIterator[Page]:
    async with session.get(f"http://{address}/json/list") as reply:
        tab = next(row for row in await reply.json() if row["type"] == "page")
    async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
        page = Page(socket)
        listener = asyncio.create_task(page.listen())
        try:
            yield page
        finally:
            listener.cancel()
