"""Loss accounting: every write lands in exactly the class that its answer and the witness give."""

from hypothesis import given
from hypothesis import strategies as st

from firedrill.analysis.loss import account_for
from firedrill.model.history import Stored, Write

ANSWERS = st.sampled_from(["acknowledged", "refused", "unknown"])


def write(number: int, answer: str, at: float | None = None) -> Write:
    sent = float(number) if at is None else at
    return Write(f"fd-{number}", "transfer", "", "watch", sent, sent + 0.01, answer)


def stored(*numbers: int, times: int = 1) -> list[Stored]:
    return [Stored("database", f"fd-{number}", times) for number in numbers]


@given(st.lists(st.tuples(ANSWERS, st.integers(0, 3)), max_size=60), st.integers(0, 3))
def test_each_write_is_counted_once_in_its_class(told: list[tuple[str, int]], strangers: int) -> None:
    """For any answers and any database, each count is what a plain reading of the definitions gives."""
    writes = [write(number, answer) for number, (answer, _) in enumerate(told)]
    rows = [Stored("database", f"fd-{number}", times) for number, (_, times) in enumerate(told) if times]
    rows += [Stored("database", f"stranger-{number}", 1) for number in range(strangers)]
    found = account_for(writes, rows, ["database"], 10.0, None)
    assert set(found.lost_ids) == {
        f"fd-{n}" for n, (answer, times) in enumerate(told) if answer == "acknowledged" and not times
    }
    assert found.lost == len(found.lost_ids) == len(found.lost_writes)
    assert found.recovered == sum(answer == "unknown" and times > 0 for answer, times in told)
    assert found.duplicated == sum(times > 1 for _, times in told)
    assert found.unexpected == strangers + sum(answer == "refused" and times > 0 for answer, times in told)
    assert found.attempted == found.acknowledged + found.refused + found.unknown == len(told)


def test_without_a_witness_nothing_is_called_lost_or_kept() -> None:
    """No witness was read: the counts say so through `witnesses`, and nothing is listed by name."""
    found = account_for([write(1, "acknowledged")], [], [], 10.0, None)
    assert (found.lost, found.witnesses) == (0, [])


def test_a_clean_cut_is_a_tail_and_its_span_reaches_to_the_fault() -> None:
    """Everything acknowledged after second 7 is gone: a tail, from 7.01 to the fault at 10."""
    writes = [write(number, "acknowledged") for number in range(10)]
    found = account_for(writes, stored(*range(7)), ["database"], 10.0, 0.5)
    assert (found.shape, found.lost_span_s, found.predicted_s) == ("tail", 2.99, 0.5)


def test_a_survivor_in_the_middle_makes_holes() -> None:
    """A write that was made after a lost one and survived means that more than a tail was lost."""
    writes = [write(number, "acknowledged") for number in range(10)]
    assert account_for(writes, stored(0, 1, 2, 3, 4, 5, 6, 8), ["database"], 10.0, None).shape == "holes"


def test_answers_that_overtake_each_other_are_no_holes() -> None:
    """Two writes in flight together: the one attempted before the other was answered does not count as later."""
    writes = [write(1, "acknowledged", 5.000), write(2, "acknowledged", 5.005), write(3, "acknowledged", 5.020)]
    assert account_for(writes, stored(2), ["database"], 6.0, None).shape == "tail"


def test_what_only_the_archive_has_is_lost_all_the_same() -> None:
    """A customer was told of it, and the books do not know it: a ghost is no proof that a write is there."""
    writes = [write(1, "acknowledged"), write(2, "acknowledged")]
    rows = [*stored(1), Stored("archive", "fd-1", 1), Stored("archive", "fd-2", 1)]
    found = account_for(writes, rows, ["probes.gasbank.database", "probes.gasbank.archive"], 10.0, None)
    assert (found.lost_ids, found.unexpected, found.lost_told) == (["fd-2"], 0, 1)
    assert account_for(writes, rows, ["probes.gasbank.database"], 10.0, None).lost_told is None
