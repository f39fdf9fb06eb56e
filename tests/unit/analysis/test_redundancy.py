"""The exposure window, from what was observed of roles and replication."""

from firedrill.analysis.redundancy import exposure, redundancy_changes, roles_changed
from firedrill.model.history import Event
from firedrill.model.interval import Interval


def seen(subject: str, attribute: str, value: str, low: float, high: float) -> Event:
    data = {"subject": subject, "attribute": attribute, "value": value, "was": "", "low": low, "high": high}
    return Event(0, high, "", "observed", "", data, "", "")


START = [
    seen("dbp", "role", "Primary", 0, 0.1),
    seen("dbp", "state", "CATCH_UP", 0, 0.1),
    seen("dbfop", "role", "Secondary", 0, 0.1),
    seen("dbfop", "state", "CATCH_UP", 0, 0.1),
]


def test_the_window_runs_from_the_fault_to_redundancy_for_good() -> None:
    """Broken at 10, back at 14, broken again by the put-back, back at 20 to 20.2: ten seconds, not four."""
    later = [
        seen("dbp", "state", "SEEDING", 10.0, 10.2),
        seen("dbp", "state", "CATCH_UP", 14.0, 14.2),
        seen("dbp", "state", "PENDING", 18.0, 18.2),
        seen("dbp", "state", "CATCH_UP", 20.0, 20.2),
    ]
    assert exposure(redundancy_changes(START + later), 10.0) == Interval(10.0, 20.2 - 10.0)


def test_redundancy_that_never_came_back_has_no_end() -> None:
    """Still seeding when we stopped looking: open above, at least as long as we know."""
    later = [seen("dbp", "state", "SEEDING", 10.0, 10.2)]
    assert exposure(redundancy_changes(START + later), 10.0) == Interval(0.0, None)


def test_two_primaries_are_not_redundancy() -> None:
    """Split brain is the opposite of a second leg."""
    changes = redundancy_changes([*START, seen("dbfop", "role", "Primary", 10.0, 10.2)])
    assert [change.redundant for change in changes] == [True, False]


def test_unobserved_is_unknown() -> None:
    """A server whose state was never seen gives no verdict at all."""
    assert redundancy_changes(START[:3]) == []
    assert exposure([], 10.0) is None


def test_redundant_the_other_way_round_is_not_put_back() -> None:
    """Both legs stand again, but the roles are swapped: redundant, and yet not as it was."""
    swapped = [seen("dbp", "role", "Secondary", 10.0, 10.2), seen("dbfop", "role", "Primary", 10.0, 10.2)]
    assert roles_changed(START) == []
    assert roles_changed(START + swapped) == ["dbp was Primary and is Secondary", "dbfop was Secondary and is Primary"]


def test_what_is_no_failover_group_says_yes_or_no() -> None:
    """A bus that is shut for four seconds; together with a group, both must be whole."""
    bus = [seen("sb-weu", "redundant", "yes", 0, 0.1), seen("sb-weu", "status", "Active", 0, 0.1)]
    shut, open_ = seen("sb-weu", "redundant", "no", 10.0, 10.2), seen("sb-weu", "redundant", "yes", 14.0, 14.2)
    assert exposure(redundancy_changes([*bus, shut, open_]), 10.0) == Interval(14.0 - 10.0, 14.2 - 10.0)
    assert exposure(redundancy_changes([*START, *bus, shut]), 10.0) == Interval(0.0, None)
