"""Locust's pages during a run, as somebody sees them who looks on: the drill's tab, Locust's own, and nothing that acts."""

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firedrill.clock import monotonic
from firedrill.engine.load import Ui
from firedrill.errors import Usage
from firedrill.model import events as kinds
from tests.browser import Page, browse, find_browser
from tests.e2e.watched_run import WatchedRun, system, watched_run
from tests.unit.report import sample_run

pytestmark = pytest.mark.e2e
needs_browser = pytest.mark.skipif(find_browser() is None, reason="no Chromium on this machine to look with")
WITHIN_S = 2.0
TAB = "document.querySelector('#fire-drill').contentDocument"
NOISE = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening")
TOO_WIDE = f"""[...{TAB}.querySelectorAll("body *")].filter((element) => !element.closest("svg") &&
  element.getBoundingClientRect().right > {TAB}.documentElement.clientWidth + 1).map((element) => element.tagName + "#" + element.id)"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedRun]:
    """One run for this file; the test at the end of it ends it."""
    with system() as here, watched_run(tmp_path_factory.mktemp("watched"), here) as started:
        yield started


def asked(run: WatchedRun, method: str, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", run.ui.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def statistics(run: WatchedRun) -> dict[str, Any]:
    return dict(json.loads(asked(run, "GET", "/stats/requests")[1]))


def looking(look: Callable[[Page], Awaitable[None]], run: WatchedRun, tab: str = "fire-drill") -> None:
    async def go() -> None:
        async with browse() as page:
            await page.resize(1200, 900)
            await page.visit(run.ui.address.replace("fire-drill", tab))
            await look(page)
            assert {method: page.of(method) for method in NOISE} == {method: [] for method in NOISE}
            mine = run.ui.address.partition("?")[0]
            assert [
                row["request"]["url"]
                for row in page.of("Network.requestWillBeSent")
                if mine not in row["request"]["url"]
            ] == []

    asyncio.run(go())


async def seen(
    page: Page, true: str, run: WatchedRun | None = None, outcome: Any = "ok", within: float = 20.0
) -> float:
    """Seconds until the page shows it, while the watches of `run` go on being answered like this."""
    began = monotonic()
    while not await page.ask(f"Boolean({true})"):
        assert monotonic() - began < within, true
        if run is not None:
            run.answers(outcome, "" if outcome == "ok" else "40613")
        await asyncio.sleep(0.05)
    return monotonic() - began


def row(name: str, words: str) -> str:
    """A watch of this name is shown like this."""
    return f"[...{TAB}.querySelectorAll('#rows tr')].some((one) => one.textContent.includes({name!r}) && one.children[1].textContent.includes({words!r}))"


def told(words: str) -> str:
    return f"{TAB}.querySelector('#marks').textContent.includes({words!r})"


@needs_browser
@pytest.mark.alone
def test_the_tab_shows_fault_and_recovery_within_two_seconds(run: WatchedRun) -> None:
    """From the line in a file to the reader's eye; the untouched path stays up, and nothing is fetched from elsewhere."""

    async def look(page: Page) -> None:
        await seen(page, f"{TAB}?.querySelector('#rows')", run)
        await seen(page, row("transfer", "up"), run)
        run.log.record(kinds.PHASE, name="inject")
        run.log.record(
            kinds.FAULT_COMMAND, name="force the group over", on="dbfop", planned=False, reversibility="fail-back"
        )
        assert (
            await seen(page, f"{told('fault: force the group over')} && {row('transfer', 'down')}", run, "fail")
            < WITHIN_S
        )
        assert await page.ask(f"{row('control', 'up')} && {TAB}.querySelectorAll('#chart rect.down').length > 0")
        assert await page.ask(f"{TAB}.querySelector('#phases [aria-current]').textContent") == "inject"
        assert await seen(page, row("transfer", "up"), run) < WITHIN_S
        run.log.record(kinds.RECOVERED, waited_s=1.0)
        run.log.record(kinds.UNDO_COMMAND, name="fail back", on="dbp")
        assert await seen(page, f"{told('recovered')} && {told('put-back: fail back')}", run) < WITHIN_S
        assert await page.ask(f"{TAB}.querySelectorAll('#chart line.mark').length") == 3

    looking(look, run)


@needs_browser
def test_a_watch_that_gets_no_answer_is_not_shown_as_up(run: WatchedRun) -> None:
    """Silence is unknown, without waiting for a time-out that says so."""

    async def look(page: Page) -> None:
        await seen(page, f"{TAB}?.querySelector('#rows')", run)
        await seen(page, row("transfer", "up"), run)
        await seen(page, row("transfer", "no answer"))

    looking(look, run)


@needs_browser
def test_locusts_own_tabs_show_the_load_of_the_run(run: WatchedRun) -> None:
    """Requests, charts and ratios as Locust counts and draws them."""
    requests = "Number([...document.querySelectorAll('tr')].find((one) => one.textContent.includes('GETlook')).children[2].textContent)"

    async def look(page: Page) -> None:
        await seen(page, "document.querySelector('#root').textContent.includes('Aggregated')")
        await seen(page, f"{requests} > 0")
        for title, shown in (("Charts", "canvas"), ("Current Ratio", "ul ul"), ("Fire drill", "iframe")):
            await page.ask(
                f"[...document.querySelectorAll('[role=tab]')].find((one) => one.textContent === '{title}').click()"
            )
            await seen(page, f"document.querySelector('{shown}')?.offsetWidth > 0")
        await page.ask("[...document.querySelectorAll('[role=tab]')][0].click()")
        await seen(page, f"document.querySelector('iframe').offsetWidth === 0 && {requests} > 0")

    looking(look, run, "stats")


@needs_browser
def test_there_is_no_button_that_acts(run: WatchedRun) -> None:
    """Neither on a telephone, where Locust keeps its buttons behind a menu, nor on a desk."""
    acts = "[...document.querySelectorAll('button')].filter((one) => one.offsetWidth && ['Stop', 'Edit', 'Reset', 'New', 'Start'].includes(one.textContent)).length"
    there = "[...document.querySelectorAll('button')].some((one) => one.textContent === 'Stop')"

    async def look(page: Page) -> None:
        await page.resize(390, 844)
        await seen(page, "document.querySelector('header button')")
        await page.ask("document.querySelector('header button').click()")
        await seen(page, there)
        assert await page.ask(acts) == 0
        await page.resize(1200, 844)
        await seen(page, f"{there} && document.querySelector('header').textContent.includes('Users')")
        assert await page.ask(acts) == 0
        assert await page.ask(f"{TAB}.querySelectorAll('button, form').length") == 0

    looking(look, run)


@needs_browser
def test_the_tab_fits_a_telephone_light_and_dark(run: WatchedRun) -> None:
    """Nothing sticks out at 390 pixels, and the colours follow the choice that Locust's own button keeps."""

    async def look(page: Page) -> None:
        await page.resize(390, 844)
        await seen(page, f"{TAB}?.querySelector('#chart rect')", run)
        assert await page.ask("document.documentElement.scrollWidth") == 390
        assert await page.ask(TOO_WIDE) == []
        await page.ask("localStorage.theme = 'dark'")
        await seen(page, f"getComputedStyle({TAB}.body).backgroundColor === 'rgb(18, 18, 18)'")
        await page.ask("localStorage.theme = 'light'")
        await seen(page, f"getComputedStyle({TAB}.body).backgroundColor === 'rgb(255, 255, 255)'")

    looking(look, run)


@pytest.mark.parametrize("path", ["/stop", "/swarm", "/stats/reset", "/user", "/fire-drill/news"])
def test_what_is_not_a_question_is_refused(path: str, run: WatchedRun) -> None:
    """The load goes on as the drill started it, whoever asks for something else."""
    assert asked(run, "POST", path) == (
        405,
        "This page is for looking on: the drill itself starts and ends the load.\n",
    )
    assert (statistics(run)["state"], statistics(run)["user_count"]) == ("running", run.drill.load.users)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example:80"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_a_page_from_elsewhere_learns_nothing(headers: dict[str, str], run: WatchedRun) -> None:
    """Another site in the same browser can reach this machine's loopback: it is told no."""
    assert asked(run, "GET", "/stats/requests", **headers) == (403, "Only for this machine and its own pages.\n")


def test_only_the_page_of_the_run_directory_is_served(run: WatchedRun) -> None:
    """Nothing else in it, and not the page before it is there."""
    assert asked(run, "GET", "/fire-drill/report.html")[0] == 404
    for path in (
        "/fire-drill/events.jsonl",
        "/fire-drill/../drill.yaml",
        "/fire-drill/%2e%2e/log.txt",
        "/fire-drill/ui.py",
    ):
        assert asked(run, "GET", path)[0] == 404


def test_a_port_that_is_taken_is_refused_before_anything_is_touched(run: WatchedRun) -> None:
    """With the port and a way out."""
    with pytest.raises(Usage, match=f"cannot be served on port {run.ui.port}"):
        Ui.on(run.ui.port)


def written(run: WatchedRun) -> dict[str, bytes]:
    """What the load wrote: it must not grow once the load has ended, since the run is about to be sealed."""
    return {name: (run.folder / name).read_bytes() for name in ("requests.jsonl", "ledger-load.jsonl", "log.txt")}


@needs_browser
@pytest.mark.alone
def test_the_pages_outlive_the_load_and_show_the_verdict(run: WatchedRun) -> None:
    """The load ends and writes no more, the tab says the sentence and leads to the page; then the command ends, and the tab says so."""
    verdict = sample_run.verdict()

    async def look(page: Page) -> None:
        await seen(page, row("transfer", "up"), run)
        await asyncio.to_thread(run.stop)
        before = written(run)
        assert before["ledger-load.jsonl"]
        assert '"state": "stopped"' in asked(run, "GET", "/")[1]
        run.closing.set()  # whatever still waited for an answer would hear now that it gets none
        run.finish(verdict, "<!doctype html><title>the page</title>")
        await seen(page, f"{TAB}.querySelector('#sentence').textContent === {json.dumps(verdict.sentence)}")
        assert await page.ask(f"{TAB}.querySelector('#outcome').textContent") == verdict.outcome
        link = await page.ask(f"{TAB}.querySelector('#verdict a').href")
        assert "the page" in await page.ask(f"fetch({link!r}).then((answer) => answer.text())")
        await asyncio.to_thread(run.ui.close)
        assert run.child.ended() is not None
        assert written(run) == before
        await seen(page, f"{TAB}.querySelector('#state').textContent.includes({str(run.folder)!r})")

    async def quietly(page: Page) -> None:
        await look(page)
        page.seen = [row for row in page.seen if row["method"] not in NOISE]

    looking(quietly, run)


def test_the_pages_end_when_nobody_is_there_to_end_them(tmp_path: Path) -> None:
    """A runner that was killed leaves no load behind: the end of its standard input is enough."""
    with system() as here, watched_run(tmp_path, here) as run:
        assert run.child.process.stdin
        run.child.process.stdin.close()
        run.child.process.wait(10)
