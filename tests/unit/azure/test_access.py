"""What a check of rights concludes when a target does not name everything, and which gaps stop whom."""

import pytest
from unit.azure.small_azure import ROOT, SmallAzure

from firedrill.cli.check import table
from firedrill.engine.access import ABSENT, HAVE, UNKNOWN, Finding, examine, refuse_gaps
from firedrill.errors import CannotRun
from firedrill.model.target import AzureSpec, SqlSpec, StorageSpec, Target

SQL = "Microsoft.Sql/servers"
TARGET = Target("small", sql=SqlSpec("fog", "one", "two"), azure=AzureSpec(resource_group="bank"))
PLANNED = "firedrill.actions.sql.planned_failover"
FORCED = "firedrill.actions.storage.forced_failover"


@pytest.fixture
def azure() -> SmallAzure:
    """Two servers; the failover group is seen from both, and everything is permitted at one of them alone."""
    made = SmallAzure("bank")
    made.thing(f"{ROOT}/bank")
    for name in ("one", "two"):
        server = made.add("bank", SQL, name)
        made.below(server, "failoverGroups", "fog")
    for scope in ("", f"/providers/{SQL}/one", f"/providers/{SQL}/one/failoverGroups/fog"):
        made.permit(f"{ROOT}/bank{scope}", {"actions": ["*"]})
    for scope in (f"/providers/{SQL}/two", f"/providers/{SQL}/two/failoverGroups/fog"):
        made.permit(f"{ROOT}/bank{scope}", {"actions": ["*/read"]})
    return made


def gaps(azure: SmallAzure, target: Target, *activities: str) -> list[Finding]:
    return [row for row in examine(target, activities, azure) if row.state != "have"]  # type: ignore[arg-type]


def test_a_right_on_one_side_says_nothing_of_the_other(azure: SmallAzure) -> None:
    """A failover is asked of the server that is to become primary: half a right is a drill that cannot come back."""
    assert gaps(azure, TARGET, PLANNED) == [
        Finding(f"{SQL}/failoverGroups/failover/action", "SQL failover group two/fog", "missing", f"for {PLANNED}")
    ]


def test_what_the_target_does_not_name_stops_only_the_drill_that_needs_it(azure: SmallAzure) -> None:
    """A project may hold drills for which this subscription has nothing."""
    found = gaps(azure, TARGET, FORCED)
    assert {(row.resource, row.state) for row in found} == {("storage account", "not in the target")}
    refuse_gaps(found, "small", passed=(HAVE, UNKNOWN, ABSENT))
    with pytest.raises(CannotRun, match="storageAccounts/failover/action on storage account: not in the target"):
        refuse_gaps(found, "small")


def test_every_gap_is_named_and_what_is_not_there_is_told_from_what_is_not_permitted(azure: SmallAzure) -> None:
    """Three wrong things, three lines."""
    wrong = Target("small", sql=TARGET.sql, storage=StorageSpec("a", "b"), azure=TARGET.azure)
    found = gaps(azure, wrong)
    assert [(row.about, row.resource, row.state) for row in found if row.about == "exists"] == [
        ("exists", "storage account a", "missing"),
        ("exists", "storage account b", "missing"),
    ]
    with pytest.raises(CannotRun) as refusal:
        refuse_gaps(found, "small", passed=(HAVE, UNKNOWN, ABSENT))
    assert refusal.value.what.count("\n") == len(found)
    assert "ResourceNotFound: It is not there." in "\n".join(table(found))
