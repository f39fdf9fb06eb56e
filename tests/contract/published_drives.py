"""The requests that drills make of Azure, one line each: our action or probe, or the client's method while there is none."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from contract.arm_stand import ArmStand
from contract.published_facts import load

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
