"""The page: complete, harmless, the same every time, and small."""

import json
import random
import re
import time
from functools import cache
from importlib.resources import files

import msgspec
import pytest
from msgspec.structs import replace

from firedrill.model.history import Request, Sample
from firedrill.model.verdict import Verdict
from firedrill.report.page import render_page
from tests.unit.report import odd_runs, sample_run
from tests.unit.report.golden import agrees
from tests.unit.report.outline import Outline


@cache
def page_of(name: str) -> str:
    return render_page(*odd_runs.ALL[name]())


@pytest.mark.parametrize("name", odd_runs.ALL)
def test_every_run_has_a_page(name: str) -> None:
    """Whatever did not happen, all nine sections are there, ids are unique and nothing prints as None or nan."""
    outline = Outline(page_of(name))
    assert [line for line in outline.lines if line.startswith("## ")] == [
        "## Objectives ",
        "## What happened, on one clock ",
        "## Phases ",
        "## What users noticed ",
        "## What was lost ",
        "## Put-back and exposure ",
        "## How well we measured ",
        "## Inputs ",
    ]
    assert len(outline.ids) == len(set(outline.ids))
    assert not re.search(r"\b(None(?! of)|nan|inf|Interval\()", outline.text)


@pytest.mark.parametrize("name", odd_runs.ALL)
def test_a_page_fetches_nothing(name: str) -> None:
    """No attribute names anything but a place in the page itself and the empty icon, and the policy forbids the rest."""
    page = page_of(name)
    outline = Outline(page)
    assert set(outline.addresses) == {"data:,", "#main"}
    assert "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:" in page
    assert set(re.findall(r"url\(([^)]*)\)", page)) == {
        f"#hatch-{kind}" for kind in ("bad", "unknown", "late", "polled")
    }


def test_the_same_run_gives_the_same_bytes() -> None:
    """No clock, no path, no order that depends on a hash seed."""
    assert render_page(*odd_runs.usual()) == render_page(*odd_runs.usual())


def test_the_text_of_the_page_is_as_agreed() -> None:
    """Headings, sentences and tables of the sample run, without the pictures."""
    assert agrees("report-outline.txt", Outline(page_of("usual")).text)


def test_what_comes_from_outside_stays_text() -> None:
    """Markup in titles, names, codes and event data makes no element, in a table, a picture or the data."""
    usual, hostile = (Outline(render_page(*make())) for make in (odd_runs.usual, odd_runs.hostile))
    assert hostile.tags.count("script") == usual.tags.count("script") == 2
    assert hostile.tags.count("style") == 1
    assert "img" not in hostile.tags
    assert "<script>alert(1)</script>" in hostile.text


def test_the_data_for_machines_is_the_verdict() -> None:
    """What a program reads from the page is what verdict.json says, hostile strings included."""
    drill, history, verdict = odd_runs.hostile()
    page = render_page(drill, history, verdict)
    raw = page.split('id="verdict-json">')[1].split("</script>")[0]
    assert not set(raw) & set("<>&\u2028\u2029")
    assert msgspec.convert(json.loads(raw)["verdict"], Verdict) == verdict


def test_half_a_character_does_not_stop_the_page() -> None:
    """A lone surrogate cannot be encoded: it is replaced, not raised."""
    drill, history, verdict = odd_runs.usual()
    page = render_page(replace(drill, title="half \ud83d a character"), history, verdict)
    assert "half ? a character" in page.encode().decode()


def test_an_outage_that_was_not_seen_is_stated_with_its_limit() -> None:
    """No outage is a result only together with what would have been seen."""
    text = Outline(page_of("no_outage")).text
    assert "no outage seen; one longer than 0.05 s would have been" in text


def test_a_straddled_limit_is_explained() -> None:
    """The reader learns why neither pass nor fail can be said."""
    text = Outline(page_of("usual")).text
    assert "the limit of 1.00 % lies inside the measured interval" in text


def test_an_outage_without_an_end_is_said_to_have_none() -> None:
    """An open interval is never printed as a number alone."""
    text = Outline(page_of("never_back")).text
    assert "at least 47.2 s, not seen to end" in text
    assert "not seen by +47.2 s" in text


def test_a_witness_that_was_not_asked_is_not_quoted() -> None:
    """Nobody looked into the archive; without any witness nothing is said to be kept or lost."""
    drill, history, verdict = odd_runs.usual()
    asked = Outline(render_page(drill, history, verdict)).text
    assert "37 | acknowledged | no | not asked | lost" in asked
    blind = replace(verdict, writes=replace(verdict.writes, witnesses=[], lost=0, lost_ids=[], lost_writes=[]))
    assert (
        "1,762 | acknowledged | not asked | not asked | cannot be judged"
        in Outline(render_page(drill, history, blind)).text
    )


def test_a_lost_write_that_the_archive_has_is_counted() -> None:
    """It was told outside and is unknown inside."""
    drill, history, verdict = odd_runs.usual()
    witnesses = ["probes.bank.database", "probes.bank.archive"]
    writes = replace(verdict.writes, witnesses=witnesses, lost_told=6)
    page = render_page(drill, history, replace(verdict, writes=writes))
    assert "37 | acknowledged | no | 6 of 37 | lost" in Outline(page).text


def test_trouble_of_our_own_is_said_to_be_ours() -> None:
    """A control watch that went down puts the measurement in doubt, in words."""
    text = Outline(page_of("control_down")).text
    assert "control went down on a path that the fault does not touch: part of the trouble was our own" in text
    assert "control stayed good throughout" in Outline(page_of("usual")).text


def test_margins_are_never_rounded_up() -> None:
    """56.09 s left is not 56.1 s left."""
    assert "| 56.0 s left |" in Outline(page_of("usual")).text


def test_lost_writes_beyond_fifty_are_one_click_away() -> None:
    """All 2,000 are in the page by name; fifty are open."""
    drill, history, verdict = odd_runs.many_lost()
    page = render_page(drill, history, verdict).split('id="verdict-json"')[0]
    shown, rest = page.split('<details class="long">')
    assert "1,950 more" in rest
    assert all(name in (shown if index < 50 else rest) for index, name in enumerate(verdict.writes.lost_ids))


def test_a_rehearsal_is_marked_and_a_real_run_is_not() -> None:
    """Nobody may take one for the other."""
    drill, history, verdict = odd_runs.usual()
    real = replace(history, run=replace(history.run, rehearsal=False))
    assert 'class="rehearsal"' in render_page(drill, history, verdict)
    assert "rehearsal</span>" not in render_page(drill, real, replace(verdict, rehearsal=False))


def test_half_a_million_requests_make_a_small_page_soon() -> None:
    """180,000 samples with one outage of 10 ms: under half a megabyte, in seconds, and the outage is in the picture."""
    dice = random.Random(3)
    rows = [
        Sample(
            "transfer",
            side,
            k,
            k / 50,
            k / 50,
            k / 50 + 0.008,
            "fail" if bad else "ok",
            "40613" if bad else "",
            "",
            False,
        )
        for k in range(90_000)
        for side in ("new", "kept")
        for bad in (k == 45_000 and side == "new",)
    ]
    requests = [Request("transfer", k / 278, k / 278, k / 278 + dice.random() / 50, "ok", "") for k in range(500_000)]
    drill, history, verdict = odd_runs.no_outage()
    began = time.process_time()
    page = render_page(drill, replace(history, samples=rows, requests=requests), verdict)
    assert time.process_time() - began < 5
    assert len(page.encode()) < 500_000
    run = page.split('<details class="whole">')[1].split("</details>")[0]
    assert len(re.findall(r'class="bad"', run)) == 2  # the wide picture and the narrow one


ON_PAPER = ("ink", "muted", "link", "bad-text", "unknown-text")
ON_FILL = (
    ("on-good", "good"), ("on-fault", "fault"), ("on-undo", "undo"), ("on-leading", "leading"), ("on-following", "following"),
    ("on-other", "other"), ("unknown-text", "unknown-soft"), ("ink", "band"), ("bad-text", "band"), ("muted", "band"),
)  # fmt: skip


MARKS = (
    ("good",),
    ("bad", "bad-line"),
    ("unknown", "unknown-line"),
    ("late", "late-line"),
    ("fault",),
    ("undo",),
    ("ink",),
)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(scheme: int) -> None:
    """4.5 to 1 for every pair of text and ground, in both schemes; 3 to 1 for a bar, or its hatching, on paper."""
    style = files("firedrill.report").joinpath("page.css").read_text("utf-8")
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", style.split(":root {")[scheme + 1].split("}")[0]))
    pairs = [*((name, "paper") for name in ON_PAPER), *ON_FILL]
    assert {
        pair: ratio(*(colours[name] for name in pair))
        for pair in pairs
        if ratio(*(colours[name] for name in pair)) < 4.5
    } == {}
    assert {pair for pair in MARKS if max(ratio(colours[name], colours["paper"]) for name in pair) < 3} == set()


def ratio(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_sample_run_is_what_its_builder_says() -> None:
    """The tests above would prove nothing on an empty history."""
    history = sample_run.history()
    assert (len(history.samples), len(history.requests), len(history.writes)) == (6200, 2480, 1800)
