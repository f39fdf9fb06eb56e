"""What cannot be undone is nowhere called undone: plan, console and report of a one-way fault say re-protection."""

import re
from pathlib import Path

import msgspec
import pytest

from firedrill.cli.catalog import explain
from firedrill.cli.run import in_words, lines_of
from firedrill.content.plans import Order, Plan, describe, make_plan
from firedrill.engine.interrupts import Interrupts
from firedrill.model.events import PHASE, UNDO_ACCEPTED, UNDO_COMMAND, UNDO_DONE, UNDO_WRITTEN
from firedrill.model.history import Event, History
from firedrill.model.interval import Interval
from firedrill.model.reversibility import PUT_BACK, RE_PROTECTION, mending
from firedrill.model.verdict import Fault, Objective, PutBack, Verdict
from firedrill.pipeline import Ended
from firedrill.report.junit import render_junit
from firedrill.report.page import render_page
from firedrill.report.summary import render_summary
from tests.unit.report import sample_run

REPOSITORY = Path(__file__).parents[3]
MORE = [  # what a run records besides, as it does for a one-way fault
    Event(900, 30.0, "", PHASE, "firedrill", {"name": RE_PROTECTION.noun}, "", ""),
    Event(
        901,
        30.1,
        "",
        UNDO_WRITTEN,
        "firedrill",
        {"name": "a second copy", "undo": "x.y", "reversibility": "one-way"},
        "",
        "",
    ),
]
NEVER = re.compile(r"roll(ed|s|ing)? ?back|put(s|ting)?[ -]back|un(does|did|doing)\b(?! (nothing|it))", re.IGNORECASE)
ONE_WAY = ("storage-failover", "bus-geo-failover")


def plan_of(drill: str, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.chdir(REPOSITORY)
    return make_plan(Order(drill))


@pytest.mark.parametrize("drill", ONE_WAY)
def test_the_plan_says_one_way_and_calls_what_follows_re_protection(
    drill: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it foresees what is lost, or stranded."""
    described = describe(plan_of(drill, monkeypatch))
    assert described["reversibility"].startswith("one-way: cannot be undone")
    assert described["re-protection"]
    assert "undo" not in described
    assert not NEVER.search("\n".join(lines_of(described)))
    assert re.search("after its Last Sync Time|stranded there", described["predicted loss"])


@pytest.mark.parametrize("drill", ONE_WAY)
def test_the_explanation_and_the_files_say_so_too(drill: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(drill, monkeypatch)
    assert "Re-protects" in explain(plan.drill, plan.experiment)
    for file in ("drills", "experiments"):
        text = (REPOSITORY / file / f"{drill}.yaml").read_text()
        assert not NEVER.search(text.replace("rollbacks", "")), file
    assert not NEVER.search("\n".join(explain(plan.drill, plan.experiment)))


def forced() -> tuple[History, Verdict]:
    """A run that ended badly, so that every sentence there is appears."""
    history, verdict = sample_run.history(), sample_run.unworded()
    events = [
        msgspec.structs.replace(one, data={**one.data, "reversibility": "one-way", "name": "re-protect gasbankweu"})
        if one.kind in {UNDO_COMMAND, UNDO_ACCEPTED, UNDO_DONE, UNDO_WRITTEN, "fault.command"}
        else one
        for one in history.events
    ]
    fault = Fault(
        "forced failover of gasbankweu", "storage/gasbankweu", 14.2, 14.24, Interval(17.2, 17.5), False, "one-way"
    )
    failed = PutBack("fail", Interval(14.1, None), "redundancy was not seen to come back", [])
    late = Objective("redundancy back within", 600, "s", Interval(700, None), "fail", "", "10m", "")
    verdict = msgspec.structs.replace(
        verdict, faults=[fault], put_back=failed, objectives=[late], watches=followed(verdict), outcome="fail"
    )
    return msgspec.structs.replace(history, events=[*events[:-1], *MORE, *events[-1:]]), sample_run.worded(verdict)


def followed(verdict: Verdict) -> dict[str, object]:
    """One outage came after the re-protection."""
    watch = verdict.watches["transfer"]
    side = watch.connections["new"]
    outage = msgspec.structs.replace(side.outages[0], during="put-back")
    side = msgspec.structs.replace(side, outages=[outage])
    return {**verdict.watches, "transfer": msgspec.structs.replace(watch, connections={"new": side})}


def test_page_summary_and_pipeline_file_say_re_protection() -> None:
    """No word of putting back, anywhere that a person reads."""
    history, verdict = forced()
    page = render_page(sample_run.drill(), history, verdict)
    seen = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", seen)
    for words in (text, render_summary(sample_run.drill(), verdict), render_junit(verdict), verdict.sentence):
        found = NEVER.search(words)
        assert found is None, words[max(0, found.start() - 60) : found.end() + 60]
    assert "Re-protection and exposure" in text
    assert "Was it re-protected?" in text
    assert "after the re-protection" in text
    assert "re-protection.written" in text
    assert not re.search(r"undo(\.| x)", text)
    assert "one-way: cannot be undone" in text


def test_the_console_says_neither(tmp_path: Path) -> None:
    """The end of a run, and an interrupt in its middle."""
    _, verdict = forced()
    said: list[str] = []
    interrupts = Interrupts(said.append)
    with pytest.raises(SystemExit):
        interrupts.handle(2, None)
    interrupts.handle(2, None)
    for words in (*said, *in_words(Ended(tmp_path, verdict, [])), RE_PROTECTION.doing):
        assert not NEVER.search(words)
    assert len(said) == 2


def test_one_fault_that_is_one_way_decides() -> None:
    """Among others that can be put back the stricter word holds."""
    assert mending(["reversible", "one-way"]) == RE_PROTECTION
    assert mending(["reversible", "fail-back", "self-heals"]) == mending([]) == PUT_BACK
