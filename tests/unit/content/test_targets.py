"""Targets: a stage of this machine, or a subscription; never something in between."""

from pathlib import Path

import pytest
import yaml
from unit.content.json_schema import fits
from unit.content.sample_project import TARGET, changed

from firedrill.azure.clients import endpoint
from firedrill.content.schema import schema_of
from firedrill.content.targets import load_target
from firedrill.engine.place import subscription
from firedrill.errors import InvalidFile, Usage
from firedrill.model.target import RouteSpec, SqlSpec, WorkloadSpec

REPOSITORY = Path(__file__).parents[3]
REAL = """\
target: real
azure: {subscription: 11111111-2222-3333-4444-555555555555, resource_group: bank}
sql: {failover_group: g, primary: a, secondary: b}
system: {url: "https://bank.example"}
"""

BAD = [
    (
        REAL,
        "resource_group: bank}",
        "resource_group: bank, cloud: mars}",
        "azure.cloud: 'mars' is not accepted here",
        2,
        True,
    ),
    (TARGET, "rehearsal: true\n", "", "stage: a stage is a rehearsal", 3, False),
    (TARGET, "secondary: two", "secondary: one", "sql.secondary: both sides are the same server: one", 3, False),
    (TARGET, "replication_lag: 250ms", "replication_lag: 250", "stage.replication_lag: 250 is not a duration", 6, True),
    (TARGET, "per_region: 3", "per_regions: 3", "stage.workloads.shop: unknown key 'per_regions'", 9, True),
    (
        REAL,
        "11111111-2222",
        "1111-2222",
        "azure.subscription: '1111-2222-3333-4444-555555555555' is not accepted here",
        2,
        True,
    ),
    (REAL, 'system: {url: "https://bank.example"}\n', "", "the key 'system' is missing", 1, False),
    (
        TARGET,
        "  workloads:",
        "  routes: [{path: /, service: bank, methods: [FETCH]}]\n  workloads:",
        "stage.routes.1.methods.1: 'FETCH' is not accepted here",
        8,
        True,
    ),
    (REAL, "azure: {", "azur: {", "unknown key 'azur'", 2, True),
    (REAL, "https://bank", "ftp://bank", "system.url: 'ftp://bank.example' is not accepted here", 4, True),
]


def write(project: Path, text: str) -> None:
    (project / "targets" / "here.yaml").write_text(text)


def test_a_stage_is_read_whole(project: Path) -> None:
    """Everything that the stage needs to come up is in the target."""
    target = load_target("here", project)
    assert target.stage is not None
    assert (target.name, target.rehearsal, target.sql) == ("here", True, SqlSpec("group", "one", "two"))
    assert (target.stage.replication_lag_s, target.stage.init) == (0.25, (("{python}", "-m", "shop", "setup"),))
    assert target.stage.workloads == (
        WorkloadSpec("shop", ("{python}", "-m", "shop"), 3, "/ready", {"COLOUR": "blue"}),
    )


def test_routes_may_tell_commands_from_reads(project: Path) -> None:
    """By method, on the same path; one without methods takes them all."""
    lines = ["{path: /, service: reads, methods: [GET, HEAD]}", "{path: /, service: commands, ready: /up}"]
    write(project, changed(TARGET, "  workloads:", f"  routes: [{', '.join(lines)}]\n  workloads:"))
    target = load_target("here", project)
    assert target.stage is not None
    assert target.stage.routes == (
        RouteSpec("/", "reads", "/health/ready", ("GET", "HEAD")),
        RouteSpec("/", "commands", "/up"),
    )


def test_a_subscription_is_never_a_rehearsal_by_default(project: Path) -> None:
    """What is real is called real unless the file says otherwise."""
    write(project, REAL)
    target = load_target("here", project)
    assert (target.rehearsal, target.stage, target.system.url) == (False, None, "https://bank.example")


@pytest.mark.parametrize(("good", "old", "new", "what", "line", "structural"), BAD, ids=[bad[3] for bad in BAD])
def test_a_mistake_is_told_with_its_line(
    good: str,
    old: str,
    new: str,
    what: str,
    line: int,
    structural: bool,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loader says what and where, and the schema sees what is wrong in one value, no more."""
    text = changed(good, old, new)
    write(project, text)
    monkeypatch.chdir(project)
    with pytest.raises(InvalidFile) as caught:
        load_target("here", Path())
    assert (caught.value.what, caught.value.where) == (what, f"targets/here.yaml:{line}")
    assert fits(yaml.safe_load(text), schema_of("target")) is not structural


def test_an_unknown_target_names_those_that_are_there(project: Path) -> None:
    """A bare name that is close to a real one gets it as a hint."""
    with pytest.raises(Usage) as caught:
        load_target("her", project)
    assert (caught.value.accepted, caught.value.next_step) == ("here", "did you mean 'here'?")


def test_the_shipped_target_is_a_valid_rehearsal() -> None:
    """`--target local` works out of the box, and an editor does not underline it."""
    target = load_target("local", REPOSITORY)
    assert target.stage is not None
    assert (target.rehearsal, target.stage.profile) == (True, "brisk")
    assert fits(yaml.safe_load((REPOSITORY / "targets" / "local.yaml").read_text()), schema_of("target"))


@pytest.mark.parametrize(
    ("given", "arm", "authority"),
    [
        ("", "https://management.azure.com", "https://login.microsoftonline.com"),
        ("cloud: us-government, ", "https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
        ("arm: https://arm.hub, authority: https://adfs.hub, ", "https://arm.hub", "https://adfs.hub"),
    ],
)
def test_a_cloud_is_where_its_clients_go_and_tokens_are_for(
    project: Path, monkeypatch: pytest.MonkeyPatch, given: str, arm: str, authority: str
) -> None:
    """A token for one cloud's management is refused by another's; an endpoint without a name gets the public cloud's."""
    write(project, REAL.replace("azure: {", f"azure: {{{given}"))
    env = subscription(load_target("here", project)).env
    assert (env["ARM_ENDPOINT"], env["AZURE_AUTHORITY_HOST"]) == (arm, authority)
    monkeypatch.setenv("ARM_ENDPOINT", arm)
    meant = "https://management.azure.com" if "hub" in arm else arm
    assert endpoint() == (arm, f"{meant}/.default")


def test_the_example_names_everything_once_and_may_touch_all_of_it() -> None:
    """As somebody would copy it."""
    target = load_target(REPOSITORY / "targets" / "azure.example.yaml")
    assert sorted(target.allow) == sorted(target.resources)
    assert len(set(target.resources)) == len(target.resources)
    assert not target.rehearsal
