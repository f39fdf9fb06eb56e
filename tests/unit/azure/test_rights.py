"""What a permission list of ARM grants, as an algebra; and that nothing we do is without an entry in the table."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from firedrill.azure.rights import ACTIVITIES, LOOKING, Right, grants, matches, needed
from firedrill.content.activities import activities
from firedrill.content.experiments import load_experiment
from firedrill.content.project import catalog, find_project
from firedrill.discovery import discover

FOUND = [f"{each['mod']}.{each['name']}" for each in discover()["activities"]]
OPERATIONS = sorted({right.operation for several in ACTIVITIES.values() for right in several})
operations = st.sampled_from(OPERATIONS)
patterns = st.lists(st.sampled_from([*OPERATIONS, "*", "*/read", "*/action", "Microsoft.Sql/*", "Microsoft.Storage/*"]))
entries = st.builds(lambda yes, no: {"actions": yes, "notActions": no}, patterns, patterns)


def right(operation: str, *, data: bool = False) -> Right:
    return Right("any", operation, data)


@given(st.lists(entries), entries, operations)
def test_another_role_never_takes_a_right_away(held: list[Any], more: Any, operation: str) -> None:
    """What one assignment withholds, it withholds from itself."""
    assert grants([*held, more], right(operation)) == (
        grants(held, right(operation)) or grants([more], right(operation))
    )


@given(patterns, operations)
def test_everything_but_is_everything_without_exactly_that(withheld: list[str], operation: str) -> None:
    """A star minus what the patterns mean."""
    assert grants([{"actions": ["*"], "notActions": withheld}], right(operation)) != matches(withheld, operation)


@given(operations)
def test_case_and_slashes_do_not_matter_to_a_pattern_and_its_ends_do(operation: str) -> None:
    """Azure compares without case, and a star reaches over slashes; a part of a name is not the name."""
    assert matches([operation.upper()], operation)
    assert matches([operation.partition("/")[0] + "/*"], operation)
    assert matches(["*/" + operation.rpartition("/")[2]], operation)
    assert not matches([operation[:-1]], operation)
    assert not matches(["x" + operation], operation)
    assert not matches([operation.replace(".", "x")], operation)


def test_data_and_control_plane_are_kept_apart() -> None:
    """Who may do everything to an account may not, by that, read what is in it."""
    reading = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
    assert not grants([{"actions": ["*"], "notActions": []}], right(reading, data=True))
    assert grants([{"dataActions": ["*/read"], "notDataActions": []}], right(reading, data=True))
    assert not grants([{"dataActions": ["*"], "notDataActions": ["*/blobs/*"]}], right(reading, data=True))


def test_a_list_without_entries_grants_nothing() -> None:
    """Nor one whose parts Azure left out."""
    assert not grants([], LOOKING[0])
    assert not grants([{}, {"actions": None}], LOOKING[0])


def test_each_right_is_named_with_everything_that_needs_it() -> None:
    """So that a reader of the table knows what would not work."""
    found = needed(
        ["firedrill.actions.sql.fail_back", "firedrill.actions.sql.planned_failover", "somebody.elses.action"]
    )
    (planned,) = [who for each, who in found.items() if each.operation.endswith("/failoverGroups/failover/action")]
    assert planned == ["firedrill.actions.sql.fail_back", "firedrill.actions.sql.planned_failover"]
    assert "somebody.elses.action" not in str(found)


def test_every_activity_that_can_be_found_has_its_rights() -> None:
    """Whoever adds an action or a probe says what it needs, also when that is nothing."""
    assert "firedrill.actions.sql.force_failover" in FOUND
    assert [name for name in FOUND if name not in ACTIVITIES] == []


def test_no_right_is_asked_for_what_is_not_there() -> None:
    """An entry for a function that was renamed would widen the role for nobody."""
    modules = {name.rpartition(".")[0] for name in FOUND}
    assert [name for name in ACTIVITIES if name.rpartition(".")[0] in modules and name not in FOUND] == []


def test_every_activity_of_the_experiments_has_its_rights() -> None:
    """Probes of ours, too."""
    project = find_project(Path(__file__))
    found = {
        name for path in catalog(project, "experiments").values() for name in activities(load_experiment(path, project))
    }
    assert "firedrill.actions.sql.force_failover" in found
    assert [name for name in sorted(found) if name.startswith("firedrill.") and name not in ACTIVITIES] == []
