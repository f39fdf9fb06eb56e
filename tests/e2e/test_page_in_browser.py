"""The page as a browser sees it: silent, harmless, and no wider than the window."""

import asyncio
from pathlib import Path

import pytest

from firedrill.report.page import render_page
from firedrill.report.suite_page import render_suite_page
from tests.browser import Page, browse, find_browser
from tests.unit.report import odd_runs
from tests.unit.suite import sample_suite

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(find_browser() is None, reason="no Chromium on this machine to look at the page with"),
]
NOISE = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Page.javascriptDialogOpening")
RUNS = ("usual", "hostile", "many_watches", "never_back", "nothing_recorded")
TOO_WIDE = """[...document.querySelectorAll("body *")].filter((element) => !element.closest(".scroll, svg, .defs, .unseen, thead") &&
  element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.tagName + "." + element.className)"""


def written(name: str, folder: Path) -> Path:
    file = folder / f"{name}.html"
    file.write_text(render_page(*odd_runs.ALL[name]()), "utf-8")
    return file


def requests_of(page: Page) -> list[str]:
    return [row["request"]["url"] for row in page.of("Network.requestWillBeSent")]


@pytest.mark.parametrize("name", RUNS)
def test_a_page_opens_without_a_sound_and_fits_a_telephone(name: str, tmp_path: Path) -> None:
    """No error, no dialog, no request but for the file itself; nothing sticks out at 390 pixels, opened or closed."""
    file = written(name, tmp_path)

    async def look() -> None:
        async with browse() as page:
            await page.resize(390, 844)
            await page.open(file)
            await page.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            assert await page.ask("document.documentElement.scrollWidth") == 390
            assert await page.ask(TOO_WIDE) == []
            assert {method: page.of(method) for method in NOISE} == {method: [] for method in NOISE}
            assert [url for url in requests_of(page) if not url.startswith("data:")] == [file.as_uri()]

    asyncio.run(look())


def test_the_page_of_a_suite_is_as_quiet_and_as_narrow(tmp_path: Path) -> None:
    """The same for a suite, hostile names and all: no sound, one request, 390 pixels."""
    file = tmp_path / "index.html"
    file.write_text(render_suite_page(sample_suite.hostile()), "utf-8")

    async def look() -> None:
        async with browse() as page:
            await page.resize(390, 844)
            await page.open(file)
            assert await page.ask("document.documentElement.scrollWidth") == 390
            assert await page.ask(TOO_WIDE) == []
            assert {method: page.of(method) for method in NOISE} == {method: [] for method in NOISE}
            assert [url for url in requests_of(page) if not url.startswith("data:")] == [file.as_uri()]

    asyncio.run(look())


def test_a_script_in_a_title_stays_text(tmp_path: Path) -> None:
    """It is shown to the reader, letter by letter, and never run."""
    file = written("hostile", tmp_path)

    async def look() -> None:
        async with browse() as page:
            await page.open(file)
            assert "<script>alert(1)</script>" in await page.ask("document.querySelector('h1').textContent")
            assert "<script>alert(1)</script>" in await page.ask("document.title")
            assert await page.ask("document.querySelectorAll('script, img, iframe').length") == 2
            assert await page.ask("JSON.parse(document.querySelector('#verdict-json').textContent).verdict.schema") == 1
            assert page.of("Page.javascriptDialogOpening") == []

    asyncio.run(look())


def test_the_policy_stops_what_escaping_might_miss(tmp_path: Path) -> None:
    """Even markup that somehow got in could fetch nothing: the browser refuses, and says so."""
    file = written("usual", tmp_path)
    leak = "new Promise((done) => { const image = new Image(); image.onerror = () => done('refused'); image.onload = () => done('fetched'); image.src = 'https://example.invalid/x.png'; })"

    async def look() -> None:
        async with browse() as page:
            await page.open(file)
            assert await page.ask(leak) == "refused"
            assert any("Content Security Policy" in row["entry"]["text"] for row in page.of("Log.entryAdded"))

    asyncio.run(look())


def test_the_cursor_reads_the_time_under_it(tmp_path: Path) -> None:
    """In the middle of the picture the tip says the moment in the middle of its window."""
    file = written("usual", tmp_path)
    where = "(() => { const box = document.querySelector('svg.wide').getBoundingClientRect(); return [box.left, box.top, box.width, box.height]; })()"

    async def look() -> None:
        async with browse() as page:
            await page.resize(1200, 2600)
            await page.open(file)
            left, top, width, height = await page.ask(where)
            chart = await page.ask("({...document.querySelector('svg.wide').dataset})")
            middle = (float(chart["left"]) + float(chart["right"])) / 2
            x = left + width * middle / 1080
            await page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=top + height / 2)
            said = await page.ask("document.querySelector('.tip').textContent")
            expected = (float(chart["start"]) + float(chart["end"])) / 2
            assert abs(float(said.split(" s")[0]) - expected) < 0.02

    asyncio.run(look())


def test_paper_gets_light_colours_and_the_wide_picture(tmp_path: Path) -> None:
    """A reader of a dark screen still prints on white paper; the narrow pictures and the cursor stay away."""
    file = written("usual", tmp_path)

    async def look() -> None:
        async with browse() as page:
            await page.resize(703, 1000)
            await page.prefer("dark", "print")
            await page.open(file)
            assert await page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
            assert await page.ask("getComputedStyle(document.querySelector('svg.wide')).display") == "block"
            assert await page.ask("getComputedStyle(document.querySelector('svg.narrow')).display") == "none"
            await page.prefer("dark", "")
            assert await page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(16, 21, 28)"

    asyncio.run(look())


def test_without_a_script_everything_can_be_read(tmp_path: Path) -> None:
    """Scripts switched off: the same text, the same pictures, tips as titles."""
    file = written("usual", tmp_path)

    async def look() -> None:
        async with browse() as page:
            await page.call("Emulation.setScriptExecutionDisabled", value=True)
            await page.open(file)
            shape = await page.call("DOM.getDocument", depth=0)
            for wanted in ("svg.wide title", "h1", "#inputs", ".list tbody tr"):
                found = await page.call("DOM.querySelector", nodeId=shape["root"]["nodeId"], selector=wanted)
                assert found["nodeId"], wanted

    asyncio.run(look())
