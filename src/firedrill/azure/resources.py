"""What a target names, as ARM addresses it: a kind, an id, and the api-version under which it can be read."""

from collections.abc import Iterator
from typing import NamedTuple

from firedrill.model.target import Target

GROUP = "resource group"
SERVER, DATABASE, FAILOVER_GROUP = "SQL server", "SQL database", "SQL failover group"
NAMESPACE, ALIAS = "Service Bus namespace", "Service Bus alias"
ACCOUNT = "storage account"
SCALE_SET = "scale set"

# Generally available, and old enough to be there in every cloud.
VERSIONS = {
    GROUP: "2021-04-01",
    SERVER: "2021-11-01",
    DATABASE: "2021-11-01",
    FAILOVER_GROUP: "2021-11-01",
    NAMESPACE: "2021-11-01",
    ALIAS: "2021-11-01",
    ACCOUNT: "2023-01-01",
    SCALE_SET: "2023-03-01",
}


class Resource(NamedTuple):
    """`id` is the whole path in ARM."""

    kind: str
    id: str

    @property
    def version(self) -> str:
        return VERSIONS[self.kind]

    @property
    def short(self) -> str:
        """As people call it: kind and name, with what it belongs to."""
        _, inside, path = self.id.rpartition("/providers/")
        return f"{self.kind} {'/'.join(path.split('/')[2::2]) if inside else path.rpartition('/')[2]}"


def resources(target: Target, subscription: str) -> list[Resource]:
    """Everything of ARM that the target names, the resource group first."""
    group = f"/subscriptions/{subscription}/resourceGroups/{target.azure.resource_group}"
    found = [Resource(kind, f"{group}/providers/{path}") for kind, path in paths(target)]
    return [Resource(GROUP, group), *found, *machines(target, subscription)]


def paths(target: Target) -> Iterator[tuple[str, str]]:
    """Kind and path below the resource group. What has two sides is there twice: a right on one says nothing of the other."""
    if sql := target.sql:
        for server in (sql.primary, sql.secondary):
            path = f"Microsoft.Sql/servers/{server}"
            yield SERVER, path
            yield FAILOVER_GROUP, f"{path}/failoverGroups/{sql.failover_group}"
            if sql.database:
                yield DATABASE, f"{path}/databases/{sql.database}"
    if bus := target.servicebus:
        for namespace in (bus.a, bus.b):
            path = f"Microsoft.ServiceBus/namespaces/{namespace}"
            yield NAMESPACE, path
            if bus.alias:
                yield ALIAS, f"{path}/disasterRecoveryConfigs/{bus.alias}"
    if storage := target.storage:
        for account in (storage.first, storage.second):
            yield ACCOUNT, f"Microsoft.Storage/storageAccounts/{account}"


def machines(target: Target, subscription: str) -> Iterator[Resource]:
    """The scale sets under the clusters' nodes, in the resource group that AKS made for them or in the target's own."""
    if (clusters := target.kubernetes) is None:
        return
    first, second = (clusters.first_scale_set, clusters.first_nodes), (clusters.second_scale_set, clusters.second_nodes)
    for name, nodes in (first, second):
        if name:
            group = f"/subscriptions/{subscription}/resourceGroups/{nodes or target.azure.resource_group}"
            yield Resource(SCALE_SET, f"{group}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}")
