"""What drills send to Azure, against Microsoft's published examples: path, api-version, query, body; and what we make of the answers.

Each line of `DRIVES` in `published_drives` is driven; the examples' facts are in `published/`.
"""

from collections.abc import Iterator

import pytest
from contract.arm_stand import ArmStand, arm_stand
from contract.published_arm import PublishedArm
from contract.published_drives import (
    BEFORE,
    DRIVES,
    FOG,
    INSTANCE,
    NAMES,
    PUBLISHED,
    RG,
    SECONDARY,
    SET,
    Clients,
    Drive,
)
from contract.published_facts import fill

from firedrill.actions import sql as sql_actions


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmStand]:
    folder = tmp_path_factory.mktemp("published")
    with arm_stand(folder, lambda ground: PublishedArm(ground, PUBLISHED, NAMES)) as running:
        running.services[0].base = running.arm
        yield running


@pytest.fixture(scope="module")
def clients(stand: ArmStand) -> Clients:
    return Clients(stand)


@pytest.fixture
def azure(stand: ArmStand, monkeypatch: pytest.MonkeyPatch) -> PublishedArm:
    """The examples behind the environment that actions and probes read."""
    who = stand.directory.drill
    for name, value in {
        "ARM_ENDPOINT": stand.arm,
        "AZURE_SUBSCRIPTION_ID": stand.world.subscription,
        "AZURE_TENANT_ID": stand.directory.tenant,
        "AZURE_CLIENT_ID": who.client_id,
        "AZURE_CLIENT_SECRET": who.secret,
        "AZURE_AUTHORITY_HOST": f"{stand.directory.authority}/adfs",
        "REQUESTS_CA_BUNDLE": stand.ca,
        "FIREDRILL_POLL_S": "0.01",
    }.items():
        monkeypatch.setenv(name, value)
    published = stand.services[0]
    assert isinstance(published, PublishedArm)
    return published


@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: drive.operation)
def test_a_request_is_the_published_one_and_its_answer_is_understood(
    drive: Drive, azure: PublishedArm, clients: Clients, stand: ArmStand
) -> None:
    """Method and path lead to the example's operation; api-version, query and body are as published; the result is the answer's."""
    published = PUBLISHED[drive.operation]
    azure.play(drive.operation, changes=drive.changes)
    assert drive.call(clients) == drive.understood
    (asked,) = [each for each in azure.asked if each.method == published.operation.method][-1:]
    names = {**NAMES, **asked.parameters, "subscriptionId": stand.world.subscription}
    assert asked.path.lower() == fill(published.operation.path, names).lower()  # Azure's paths have no case
    assert {**asked.query} == {**published.operation.query, "api-version": published.sent}
    assert asked.body == fill(published.operation.body, names)


def test_every_published_operation_is_driven() -> None:
    """A fact that nothing is compared with proves nothing."""
    assert {drive.operation for drive in DRIVES} == set(PUBLISHED)


def test_a_destructive_request_is_sent_once(azure: PublishedArm) -> None:
    """The example's answers, 202 and then 200, do not make an action ask again."""
    azure.play(changes=BEFORE)
    sql_actions.force_failover(RG, FOG, SECONDARY)
    assert [each.path.rpartition("/")[2] for each in azure.asked if each.method == "POST"] == [
        "forceFailoverAllowDataLoss"
    ]


@pytest.mark.parametrize(
    ("method", "taken_for"), [("begin_power_off", "skipShutdown"), ("begin_deallocate", "hibernate")]
)
def test_instances_in_third_place_are_not_sent(
    method: str, taken_for: str, azure: PublishedArm, clients: Clients
) -> None:
    """The client takes them for another argument and means the whole set: actions name them by keyword."""
    azure.play()
    getattr(clients.compute.virtual_machine_scale_sets, method)(RG, SET, {"instanceIds": [INSTANCE]}).result()
    (asked,) = azure.asked
    assert (asked.body, asked.query[taken_for]) == ({}, "true")


def test_an_address_without_a_host_is_followed(azure: PublishedArm, stand: ArmStand) -> None:
    """The SQL examples give `Location` as a path."""
    azure.play(changes=BEFORE)
    azure.base = ""
    try:
        assert sql_actions.planned_failover(RG, FOG, SECONDARY) == "Succeeded"
    finally:
        azure.base = stand.arm
