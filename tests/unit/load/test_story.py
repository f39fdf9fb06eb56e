"""What a looker-on is told: every stretch and every mark, in whatever order and however late somebody asks."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from firedrill.load.story import BEGINNING, MARKED, Story
from firedrill.model import events as kinds
from firedrill.model.history import Event, Outcome, Sample
from tests.unit.report import sample_run

SLOT = 0.05  # of the first lane: transfer, a new connection, 20/s
Stretches = dict[tuple[int, str], list[tuple[float, float]]]


def sample(due: float, outcome: Outcome = "ok", code: str = "", took: float = 0.01, watch: str = "transfer") -> Sample:
    return Sample(watch, "new", 0, due, due, due + took, outcome, code, "", False)


def event(kind: str, at: float, **data: Any) -> Event:
    return Event(0, at, "", kind, "", data, "", "")


def told(story: Story, now: float = 100.0) -> dict[str, Any]:
    return story.since(BEGINNING, now)[0]


def stretches(message: dict[str, Any], held: Stretches | None = None) -> Stretches:
    """What the page holds after a message, as its script puts it in."""
    known = {} if held is None else held
    for lane, state, first, found in message["stretches"]:
        known.setdefault((lane, state), [])[first:] = found
    return known


def first(story: Story, now: float) -> dict[str, Any]:
    return dict(told(story, now)["watches"][0])


answers = some.builds(
    sample,
    due=some.integers(0, 400).map(lambda slot: slot * SLOT),
    outcome=some.sampled_from(["ok", "fail", "unknown"]),
    took=some.floats(0, 3),
    watch=some.sampled_from(["transfer", "balance"]),
)


@given(some.lists(some.lists(answers, max_size=5), max_size=12))
def test_who_looks_all_the_time_and_who_comes_late_see_the_same(batches: list[list[Sample]]) -> None:
    """Answers in any order and in any bites; each message carries only what is new."""
    story, held, cursor = Story(sample_run.drill()), Stretches(), BEGINNING
    for batch in batches:
        story.hear(batch)
        message, cursor = story.since(cursor, 100.0)
        stretches(message, held)
        assert story.since(cursor, 100.0)[0]["stretches"] == []
    assert held == stretches(told(story))


@given(some.lists(answers, max_size=40))
def test_every_answer_lies_in_a_stretch_of_its_state(batch: list[Sample]) -> None:
    """No bad answer vanishes, however short it was and whatever came before."""
    story = Story(sample_run.drill())
    story.hear(batch)
    words: dict[str, str] = {"ok": "up", "fail": "down", "unknown": "unknown"}
    seen = stretches(told(story))
    for row in batch:
        lane = {"transfer": 0, "balance": 2}[row.watch]
        assert any(start <= row.due and row.due + SLOT <= end for start, end in seen[lane, words[row.outcome]])


def test_neighbours_are_one_stretch_and_a_hole_stays_a_hole() -> None:
    """Two good stretches with a second between them, in which nothing was asked."""
    story = Story(sample_run.drill())
    story.hear(sample(slot * SLOT) for slot in (*range(20), *range(40, 60)))
    assert [(round(start, 2), round(end, 2)) for start, end in stretches(told(story))[0, "up"]] == [(0, 1), (2, 3)]


def test_the_latest_answer_says_how_a_watch_stands() -> None:
    """A time-out that ends after a good answer is later, and the other way round."""
    story = Story(sample_run.drill())
    story.hear([sample(1.0), sample(1.05, "fail", "40613")])
    assert first(story, 1.1) | {"state": "down", "since": 1.06, "code": "40613", "good": 1, "bad": 1} == first(
        story, 1.1
    )
    story.hear([sample(1.1), sample(0.5, "unknown", "timeout", took=0.4)])
    assert (first(story, 1.2)["state"], first(story, 1.2)["since"]) == ("up", 1.11)


def test_a_watch_that_says_nothing_is_unknown_until_it_speaks() -> None:
    """Half a second and two slots after its last word, and before its first."""
    story = Story(sample_run.drill())
    assert (first(story, 0.2)["state"], first(story, 0.2)["good"]) == ("unknown", 0)
    story.hear([sample(1.0)])
    assert (first(story, 1.6)["state"], first(story, 1.6)["silent"]) == ("up", False)
    assert (first(story, 1.62)["state"], first(story, 1.62)["silent"]) == ("unknown", True)


def test_after_the_last_question_silence_says_nothing_and_the_clock_stands() -> None:
    """The picture stays as it was when the recorders ended."""
    story = Story(sample_run.drill())
    story.hear([sample(1.0)])
    story.stop(1.5)
    assert (told(story, 90.0)["now"], first(story, 90.0)["state"]) == (1.5, "up")


def test_an_invariant_that_does_not_hold_is_down() -> None:
    """Its probe answers what is wrong; without an answer nobody knows."""
    story = Story(sample_run.drill())
    broken = sample(1.0, watch="invariant: gas is conserved")._replace(value="3 kWh are gone")
    story.hear([broken])
    assert (
        told(story, 1.1)["watches"][-1] | {"state": "down", "code": "3 kWh are gone"} == told(story, 1.1)["watches"][-1]
    )
    story.hear([broken._replace(due=1.1, done=1.12, outcome="unknown", code="timeout")])
    assert told(story, 1.2)["watches"][-1]["state"] == "unknown"


def test_phases_and_marks_are_told_once_and_in_order() -> None:
    """A mark is new to a reader once; the phase is always there."""
    story = Story(sample_run.drill())
    story.happened([event(kinds.PHASE, 1, name="inject"), event(kinds.FAULT_COMMAND, 2, name="force", on="dbfop")])
    message, cursor = story.since(BEGINNING, 2.1)
    assert message["marks"] == [{"kind": "fault", "words": "fault: force", "at": 2}]
    story.happened([event(kinds.OBSERVED, 3, subject="x"), event(kinds.UNDO_COMMAND, 4, name="fail back", on="dbp")])
    message, cursor = story.since(cursor, 4.1)
    assert (message["phase"], [mark["words"] for mark in message["marks"]]) == ("inject", ["put-back: fail back"])
    assert story.since(cursor, 5)[0]["marks"] == []


def test_every_event_of_a_whole_run_can_be_told() -> None:
    """The words of a mark use only what its event carries."""
    story = Story(sample_run.drill())
    story.happened(sample_run.event_list())
    assert [mark["kind"] for mark in story.marks if mark["kind"] in {"fault", "put-back"}] == ["fault", "put-back"]


@pytest.mark.parametrize("kind", sorted(MARKED))
def test_an_event_that_lacks_a_word_still_shows(kind: str) -> None:
    """The pages never stop because an event says less than it should."""
    story = Story(sample_run.drill())
    story.happened([event(kind, 1.0)])
    assert len(story.marks) == 1


def test_a_message_is_json() -> None:
    """Whatever it holds goes over the wire."""
    story = Story(sample_run.drill())
    story.hear(sample_run.samples())
    story.happened(sample_run.event_list())
    story.end(sample_run.verdict())
    message = told(story)
    assert msgspec.json.decode(msgspec.json.encode(message))["ended"]["outcome"] == "inconclusive"
    assert {state for _, state, _, _ in message["stretches"]} == {"up", "down", "unknown"}
