"""What drills send to Azure, against Microsoft's published examples: path, api-version, query, body; and what we make of the answers.

Each line of `DRIVES` drives one of our actions or probes, or, where there is none yet, the client's method that one would
call. The examples' facts are in `published/`.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

import pytest
from contract.arm_stand import ArmStand, arm_stand
from contract.published_arm import PublishedArm
from contract.published_facts import fill, load

from firedrill.actions import sql as sql_actions
from firedrill.probes import sql as sql_probes

RG, FOG, DB = "gasbank", "dbgrp", "gasbank"
PRIMARY, SECONDARY = "dbp", "dbfop"
ACCOUNT, NAMESPACE, QUEUE, ALIAS = "gasbankweu", "sb-weu", "confirmations", "sb-gasbank"
SET, INSTANCE, MACHINE = "aks-system-weu-vmss", "0", "aks-system-weu-vmss000000"
LINK = "4891ca10-ebd0-47d7-9182-c722651780fb"
NAMES = {
    "resourceGroupName": RG,
    "failoverGroupName": FOG,
    "databaseName": DB,
    "serverName": SECONDARY,
    "partner": PRIMARY,
    "linkId": LINK,
    "locationName": "northeurope",
    "accountName": ACCOUNT,
    "namespaceName": NAMESPACE,
    "queueName": QUEUE,
    "alias": ALIAS,
    "vmScaleSetName": SET,
    "instanceId": INSTANCE,
    "vmName": MACHINE,
}
PUBLISHED = load()
BEFORE = {"FailoverGroups_Get": {"properties.replicationRole": "Secondary"}}


class Clients:
    """Azure's management clients as they come, made when a line asks for one."""

    def __init__(self, stand: ArmStand) -> None:
        self._stand = stand

    @cached_property
    def sql(self) -> Any:
        from azure.mgmt.sql import SqlManagementClient

        return self._stand.management(SqlManagementClient)

    @cached_property
    def storage(self) -> Any:
        from azure.mgmt.storage import StorageManagementClient

        return self._stand.management(StorageManagementClient).storage_accounts

    @cached_property
    def bus(self) -> Any:
        from azure.mgmt.servicebus import ServiceBusManagementClient

        return self._stand.management(ServiceBusManagementClient)

    @cached_property
    def compute(self) -> Any:
        from azure.mgmt.compute import ComputeManagementClient

        return self._stand.management(ComputeManagementClient)

    def query_graph(self, text: str) -> Any:
        from azure.mgmt.resourcegraph import ResourceGraphClient

        client = ResourceGraphClient(
            self._stand.credential(), base_url=self._stand.arm, connection_verify=self._stand.ca
        )
        return client.resources({"subscriptions": [self._stand.world.subscription], "query": text})


class Drive(NamedTuple):
    """`call` makes the request of `operation`; `understood` is what it returns of the example's answer."""

    operation: str
    call: Callable[[Clients], Any]
    understood: Any = None
    changes: Mapping[str, Mapping[str, Any]] = {}


def stats(account: Any) -> Any:
    found = account.geo_replication_stats
    return (found.status, found.last_sync_time, found.can_failover, found.can_planned_failover, account.sku.name)


def power(view: Any) -> str:
    return next(str(each.code) for each in view.statuses if each.code.startswith("PowerState/"))


def rules(found: Any) -> Any:
    return (found.default_action, [rule.ip_mask for rule in found.ip_rules], found.public_network_access)


def power_drives(action: str, method: str, said: dict[str, Any]) -> list[Drive]:
    """One of Compute's four actions on an instance, on named instances of a set, and on a machine by itself.

    The instances are named by keyword: as the third argument, power_off and deallocate take them for another one and
    act on the whole set.
    """
    alone = {key: value for key, value in said.items() if key != "hibernate"}
    ids = {"vm_instance_i_ds": {"instanceIds": [INSTANCE]}}

    def instance(to: Clients) -> Any:
        return getattr(to.compute.virtual_machine_scale_set_vms, method)(RG, SET, INSTANCE, **alone).result()

    def named(to: Clients) -> Any:
        return getattr(to.compute.virtual_machine_scale_sets, method)(RG, SET, **ids, **said).result()

    def machine(to: Clients) -> Any:
        return getattr(to.compute.virtual_machines, method)(RG, MACHINE, **said).result()

    calls = {"VirtualMachineScaleSetVMs": instance, "VirtualMachineScaleSets": named, "VirtualMachines": machine}
    return [Drive(f"{kind}_{action}", call) for kind, call in calls.items()]


DENY = {
    "properties": {
        "defaultAction": "Deny",
        "ipRules": [{"action": "Allow", "ipMask": "1.1.1.1"}],
        "virtualNetworkRules": [],
    }
}
DRIVES = [
    Drive("FailoverGroups_Get", lambda _: sql_probes.role_of(RG, FOG, PRIMARY), "Primary"),
    Drive("FailoverGroups_Get", lambda _: sql_probes.replication_state(RG, FOG, PRIMARY), "CATCH_UP"),
    Drive("FailoverGroups_Failover", lambda _: sql_actions.planned_failover(RG, FOG, SECONDARY), "Succeeded", BEFORE),
    Drive(
        "FailoverGroups_ForceFailoverAllowDataLoss",
        lambda _: sql_actions.force_failover(RG, FOG, SECONDARY),
        "Succeeded",
        BEFORE,
    ),
    Drive(
        "FailoverGroups_TryPlannedBeforeForcedFailover",
        lambda _: sql_actions.try_planned_failover(RG, FOG, SECONDARY),
        "Succeeded",
        BEFORE,
    ),
    Drive(
        "Databases_Failover",
        lambda to: to.sql.databases.begin_failover(RG, SECONDARY, DB, replica_type="Primary").result(),
    ),
    Drive(
        "ReplicationLinks_ListByDatabase",
        lambda to: [
            (each.properties.role, each.properties.replication_state, each.properties.percent_complete)
            for each in to.sql.replication_links.list_by_database(RG, SECONDARY, DB)
        ],
        [("Primary", "CATCH_UP", 100)],
    ),
    Drive(
        "ReplicationLinks_Failover",
        lambda to: to.sql.replication_links.begin_failover(RG, SECONDARY, DB, LINK).result().properties.role,
        "Primary",
    ),
    Drive(
        "ReplicationLinks_FailoverAllowDataLoss",
        lambda to: (
            to.sql.replication_links.begin_failover_allow_data_loss(RG, SECONDARY, DB, LINK).result().properties.role
        ),
        "Primary",
    ),
    Drive(
        "StorageAccounts_GetProperties",
        lambda to: stats(to.storage.get_properties(RG, ACCOUNT, expand="geoReplicationStats")),
        ("Live", datetime(2018, 10, 30, 0, 25, 34, tzinfo=UTC), True, True, "Standard_GRS"),
    ),
    Drive(
        "StorageAccounts_Update",
        lambda to: (
            to.storage.update(
                RG, ACCOUNT, {"properties": {"allowSharedKeyAccess": True, "minimumTlsVersion": "TLS1_2"}}
            ).sku.name
        ),
        "Standard_GRS",
    ),
    Drive("StorageAccounts_Failover", lambda to: to.storage.begin_failover(RG, ACCOUNT, failover_type=None).result()),
    Drive("StorageAccounts_Failover_planned", lambda to: to.storage.begin_failover(RG, ACCOUNT).result()),
    Drive("Queues_Get", lambda to: to.bus.queues.get(RG, NAMESPACE, QUEUE).properties.status, "Active"),
    Drive(
        "Queues_CreateOrUpdate",
        lambda to: (
            to.bus.queues.create_or_update(
                RG, NAMESPACE, QUEUE, {"properties": {"enablePartitioning": True}}
            ).properties.status
        ),
        "Active",
    ),
    Drive(
        "Namespaces_Update",
        lambda to: (
            to.bus.namespaces.update(
                RG, NAMESPACE, {"location": "South Central US", "tags": {"tag3": "value3"}}
            ).properties.provisioning_state
        ),
        "Updating",
    ),
    Drive(
        "Namespaces_GetNetworkRuleSet",
        lambda to: rules(to.bus.namespaces.get_network_rule_set(RG, NAMESPACE)),
        ("Allow", ["1.1.1.1"], "Enabled"),
    ),
    Drive(
        "Namespaces_CreateOrUpdateNetworkRuleSet",
        lambda to: rules(to.bus.namespaces.create_or_update_network_rule_set(RG, NAMESPACE, DENY)),
        ("Deny", ["1.1.1.1"], "Enabled"),
    ),
    Drive(
        "Namespaces_Failover",
        lambda to: to.bus.namespaces.begin_failover(
            RG, NAMESPACE, {"properties": {"force": True, "primaryLocation": "northeurope"}}
        ).result(),
    ),
    Drive(
        "DisasterRecoveryConfigs_Get",
        lambda to: to.bus.disaster_recovery_configs.get(RG, NAMESPACE, ALIAS).properties.role,
        "Secondary",
    ),
    Drive(
        "DisasterRecoveryConfigs_FailOver", lambda to: to.bus.disaster_recovery_configs.fail_over(RG, NAMESPACE, ALIAS)
    ),
    Drive(
        "DisasterRecoveryConfigs_BreakPairing",
        lambda to: to.bus.disaster_recovery_configs.break_pairing(RG, NAMESPACE, ALIAS),
    ),
    *(
        drive
        for action, method, said in (
            ("Restart", "begin_restart", {}),
            ("PowerOff", "begin_power_off", {"skip_shutdown": True}),
            ("Deallocate", "begin_deallocate", {"hibernate": True}),
            ("Start", "begin_start", {}),
        )
        for drive in power_drives(action, method, said)
    ),
    Drive(
        "VirtualMachineScaleSetVMs_GetInstanceView",
        lambda to: power(to.compute.virtual_machine_scale_set_vms.get_instance_view(RG, SET, INSTANCE)),
        "PowerState/running",
    ),
    Drive(
        "VirtualMachines_InstanceView",
        lambda to: power(to.compute.virtual_machines.instance_view(RG, MACHINE)),
        "PowerState/running",
    ),
    Drive(
        "Resources",
        lambda to: [each["name"] for each in to.query_graph(PUBLISHED["Resources"].operation.body["query"]).data],
        [MACHINE],
    ),
]


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
