"""The sentence that a director reads: complete, and never more certain than the measurement."""

import pytest
from msgspec.structs import replace

from firedrill.analysis.sentence import sentence, span
from firedrill.model.interval import Interval
from firedrill.model.verdict import Invariant, Outage, Verdict
from tests.unit.report import odd_runs, sample_run


def said(verdict: Verdict) -> str:
    return sentence(sample_run.drill(), verdict)


def test_the_usual_run_in_one_sentence() -> None:
    """Who was back when, what was lost, when redundancy was back, what stayed open."""
    assert said(sample_run.verdict()) == (
        "SQL forced failover: transfer was back 3.85 to 3.91 s after the command, balance after 1.40 to 1.46 s; 37 of 1,762 "
        "acknowledged writes were lost, all from the last 0.50 s before it; redundancy was back after 14.1 to 14.4 s. "
        "Inconclusive: failed requests at most 1%."
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing_injected", "nothing was injected (not steady: transfer was bad), so that nothing is known"),
        (
            "no_outage",
            "no outage was seen (one longer than 0.05 s would have been); none of 1,762 acknowledged writes was lost",
        ),
        ("nothing_recorded", "no watch recorded anything"),
        ("never_back", "transfer was not seen to come back within 47 s"),
        ("never_back", "redundancy was not seen to come back within 48 s. Failed: put-back"),
        ("many_lost", "2,000 of 11,962 acknowledged writes were lost"),
    ],
)
def test_what_did_not_happen_is_said(name: str, words: str) -> None:
    """Each unusual run says what is unusual about it."""
    assert words in odd_runs.ALL[name]()[2].sentence


def test_what_only_the_mending_broke_is_said() -> None:
    """Nobody calls a watch quiet that was gone when all was mended."""
    verdict = sample_run.verdict()
    moment = Interval(30.0, 30.1)
    gone = Outage(moment, moment, moment, moment, "new", {}, during="put-back")
    later = {name: replace(one, recovery_s=None, outages=[gone]) for name, one in verdict.watches.items()}
    sooner = said(replace(verdict, watches={**verdict.watches, "balance": later["balance"]}))
    assert "transfer was back 3.85 to 3.91 s after the command, balance was gone when it was mended;" in sooner
    twice = replace(verdict.watches["transfer"], outages=[*verdict.watches["transfer"].outages, gone])
    after_its_outage = said(replace(verdict, watches={**verdict.watches, "transfer": twice}))
    assert "transfer was gone again when it was mended" in after_its_outage
    both = said(replace(verdict, watches=later))
    assert "no outage was seen before it was mended (one longer than " in both
    assert "transfer and balance were gone when it was mended" in both


def test_loss_without_a_witness_is_not_judged() -> None:
    """Nobody looked: that is not "none lost"."""
    verdict = sample_run.verdict()
    assert "loss could not be judged" in said(replace(verdict, writes=replace(verdict.writes, witnesses=[], lost=0)))


@pytest.mark.parametrize(
    ("told", "words"),
    [(None, "before it; red"), (0, "(the archive has none of them)"), (6, "(the archive has 6 of them)")],
)
def test_lost_writes_that_were_told_are_counted(told: int | None, words: str) -> None:
    """Where the archive was asked."""
    verdict = sample_run.verdict()
    assert words in said(replace(verdict, writes=replace(verdict.writes, lost_told=told)))


def test_every_harm_is_named() -> None:
    """Duplicates, writes from nowhere and violated invariants are in the sentence too."""
    verdict = sample_run.verdict()
    broken = Invariant("gas is conserved", "fail", 600, 468, 1, 0, "12 kWh too many")
    writes = replace(verdict.writes, duplicated=2, unexpected=1, shape="holes")
    words = said(replace(verdict, writes=writes, invariants=[broken]))
    assert "spread over the last 0.50 s" in words
    assert "2 writes happened more than once; 1 write happened that nobody was told of" in words
    assert '"gas is conserved" was violated 1 time' in words
    assert "Failed: gas is conserved." in words


def test_with_many_watches_the_slowest_is_named_and_the_others_counted() -> None:
    """Forty names are not a sentence."""
    drill = replace(sample_run.drill(), objectives=())
    verdict = sample_run.verdict()
    many = {f"watch-{k:02d}": verdict.watches["balance"] for k in range(39)} | {"transfer": verdict.watches["transfer"]}
    assert "transfer was back 3.85 to 3.91 s after the command, 39 other watches sooner;" in sentence(
        drill, replace(verdict, watches=many)
    )


def test_the_first_reason_is_named_and_the_others_counted() -> None:
    """A sentence stays one; the page lists every reason."""
    verdict = sample_run.verdict()
    doubtful = replace(verdict.measurement, outcome="inconclusive", why="the prober was late; a hole; another hole")
    words = said(replace(verdict, measurement=doubtful))
    assert words.endswith("measurement (the prober was late, and 2 other reasons).")


def test_a_control_watch_is_not_a_user() -> None:
    """Its outages are our own trouble and stay out of the sentence."""
    drill, _, verdict = odd_runs.control_down()
    assert "control" not in sentence(replace(drill, objectives=()), verdict)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (3.851, 3.909, "3.85 to 3.91 s"),
        (12.31, 12.39, "12.3 to 12.4 s"),
        (130.2, 131.8, "2 min 10 s to 2 min 12 s"),
        (2.0, 2.0, "2.00 s"),
    ],
)
def test_intervals_are_rounded_outward(low: float, high: float, words: str) -> None:
    """The sentence contains what was measured."""
    assert span(Interval(low, high)) == words
