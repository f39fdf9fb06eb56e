"""The pictures in docs/pictures: a forced failover on a stage of its own, looked at while it runs.

    python -m benchmarks.pictures

Needs Chromium. Runs `firedrill run sql-forced-failover --ui` as on a terminal, takes Locust's own pages after the
recovery and the drill's tab at the verdict, and ends the command with Enter.
"""

import asyncio
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

from firedrill.engine.load import Ui
from tests.browser import Page, browse

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
WITHIN_S = 240.0
TAB = "document.querySelector('#fire-drill').contentDocument"


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    ui = Ui.on(None)
    ours, theirs = pty.openpty()
    with tempfile.TemporaryDirectory() as home:
        argv = [sys.executable, "-m", "firedrill.cli.app", "run", "sql-forced-failover"]
        argv += ["--out", f"{home}/reports", "--ui-port", str(ui.port)]
        drill = subprocess.Popen(argv, cwd=ROOT, stdin=theirs, env={**os.environ, "FIREDRILL_HOME": home})
        try:
            asyncio.run(look(ui, drill))
        finally:
            os.write(ours, b"\n")
            drill.wait(WITHIN_S)


async def look(ui: Ui, drill: "subprocess.Popen[bytes]") -> None:
    while await asyncio.to_thread(ui.status, "/", 1.0) != 200:
        if drill.poll() is not None:
            sys.exit("the drill ended before its pages came up")
        await asyncio.sleep(0.2)
    async with browse() as page:
        await page.resize(1200, 1000)
        await page.visit(ui.address)
        await until(page, f"{TAB}?.querySelector('#marks .recovered')")
        for tab in ("Statistics", "Charts"):
            await choose(page, tab)
            await page.picture(PICTURES / f"ui-{tab.lower()}.png")
        await choose(page, "Fire drill")
        await until(page, f"{TAB}.querySelector('#sentence').textContent")
        await shot(page, "ui-fire-drill.png", 1200, "light")
        await shot(page, "ui-fire-drill-telephone.png", 390, "dark")


async def choose(page: Page, title: str) -> None:
    await page.ask(f"[...document.querySelectorAll('[role=tab]')].find((one) => one.textContent === '{title}').click()")
    await asyncio.sleep(3)  # Locust asks for its figures every 2 s


async def shot(page: Page, name: str, width: int, scheme: str) -> None:
    """All of the page, as somebody sees it who opens it now."""
    await page.prefer(scheme)
    await page.resize(width, 1000)
    await page.call("Page.reload")
    await asyncio.sleep(2)
    height = await page.ask("document.documentElement.scrollHeight")
    await page.picture(PICTURES / name, (0, 0, width, height))


async def until(page: Page, true: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await page.ask(f"Boolean({true})"):  # noqa: ASYNC110 - a page has no event for it
            await asyncio.sleep(0.2)


if __name__ == "__main__":
    main()
