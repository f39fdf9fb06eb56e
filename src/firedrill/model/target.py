"""Where a drill runs, as declared in `targets/`: the rehearsal stage of this machine, or a subscription.

Holds no credentials: those come from the environment, as for every Azure client.
"""

import msgspec


class AzureSpec(msgspec.Struct, frozen=True):
    """On the stage the subscription and the endpoints are the stage's own, and empty here."""

    subscription: str = ""
    resource_group: str = "gasbank"
    tenant: str = ""
    cloud: str = "public"
    arm: str = ""  # management endpoint of a cloud that has no name; "": that of `cloud`
    authority: str = ""  # where tokens for it come from


class SqlSpec(msgspec.Struct, frozen=True):
    """A failover group and the servers on both sides, as they stand before a drill."""

    failover_group: str
    primary: str
    secondary: str
    database: str = ""


class BusSpec(msgspec.Struct, frozen=True):
    """Two Service Bus namespaces, and the Geo-DR alias over them ("": there is none)."""

    a: str
    b: str
    alias: str = ""


class StorageSpec(msgspec.Struct, frozen=True):
    """The storage account of each region."""

    first: str
    second: str


class ClusterSpec(msgspec.Struct, frozen=True):
    """Kubernetes contexts of the two regions, the namespace of the pods, and the scale sets under the nodes.

    `first_nodes` and `second_nodes` are the resource groups of the scale sets, "" where they are in the target's own.
    """

    first: str
    second: str
    namespace: str = "default"
    first_scale_set: str = ""
    second_scale_set: str = ""
    first_nodes: str = ""
    second_nodes: str = ""


class SystemSpec(msgspec.Struct, frozen=True):
    """Where users reach the system; on the stage the stage says so."""

    url: str = ""


class WorkloadSpec(msgspec.Struct, frozen=True):
    """A program of the system that the stage runs, `per_region` times in each region. `ready` is a path that answers 200."""

    name: str
    command: tuple[str, ...]
    per_region: int = 2
    ready: str = "/health/ready"
    env: dict[str, str] = {}


class RouteSpec(msgspec.Struct, frozen=True):
    """Requests whose path begins with `path` go to the Kubernetes service `service` of the regions that answer `ready`.

    Only those with one of `methods`, when there are any.
    """

    path: str
    service: str
    ready: str = "/health/ready"
    methods: tuple[str, ...] = ()


class StageSpec(msgspec.Struct, frozen=True):
    """How the rehearsal stage is brought up. `init` commands run once, before anything else. Ports: 0 takes a free one.

    What runs on it: Kubernetes `manifests` (files or folders, applied in both regions) whose `images` are commands of
    this machine, behind `routes`; or, shorter, `workloads`. `queues` are made on both buses. `services` that a system does not use are left out.
    """

    profile: str = "brisk"
    seed: int = 7
    replication_lag_s: float = 0.0
    mistake: str = ""
    bank_port: int = 0
    arm_port: int = 0
    init: tuple[tuple[str, ...], ...] = ()
    workloads: tuple[WorkloadSpec, ...] = ()
    manifests: tuple[str, ...] = ()
    images: dict[str, tuple[str, ...]] = {}
    routes: tuple[RouteSpec, ...] = ()
    queues: tuple[str, ...] = ()
    services: tuple[str, ...] = ("servicebus", "storage")


class Target(msgspec.Struct, frozen=True):
    """`allow`: what actions may touch, as `kind/name`; all that is named here when it is left out."""

    name: str
    sql: SqlSpec | None = None
    servicebus: BusSpec | None = None
    storage: StorageSpec | None = None
    kubernetes: ClusterSpec | None = None
    allow: tuple[str, ...] = ()
    rehearsal: bool = False
    azure: AzureSpec = AzureSpec()
    system: SystemSpec = SystemSpec()
    stage: StageSpec | None = None

    @property
    def resources(self) -> tuple[str, ...]:
        """Everything that the target names, as `kind/name`."""
        named = {
            "sql": self.sql and (self.sql.failover_group, self.sql.primary, self.sql.secondary),
            "servicebus": self.servicebus and (self.servicebus.a, self.servicebus.b, self.servicebus.alias),
            "storage": self.storage and (self.storage.first, self.storage.second),
            "kubernetes": self.kubernetes and (self.kubernetes.first, self.kubernetes.second),
            "compute": self.kubernetes and (self.kubernetes.first_scale_set, self.kubernetes.second_scale_set),
            "stage": ("stage",) if self.stage else None,
        }
        return tuple(f"{kind}/{name}" for kind, names in named.items() for name in names or () if name)

    @property
    def environment(self) -> dict[str, str]:
        """How actions and experiments learn the names of the resources, and which of them they may touch."""
        values = {"RESOURCE_GROUP": self.azure.resource_group, "ALLOW": ",".join(self.allow or self.resources)}
        values |= {"BANK": self.system.url} if self.system.url else {}  # the stage says where it is
        if sql := self.sql:
            values |= {
                "SQL_FAILOVER_GROUP": sql.failover_group,
                "SQL_PRIMARY": sql.primary,
                "SQL_SECONDARY": sql.secondary,
            }
            values |= {"SQL_DATABASE": sql.database}
        if bus := self.servicebus:
            values |= {"BUS_A": bus.a, "BUS_B": bus.b, "BUS_ALIAS": bus.alias}
        if storage := self.storage:
            values |= {"STORAGE_1": storage.first, "STORAGE_2": storage.second}
        if clusters := self.kubernetes:
            values |= {"CLUSTER_1": clusters.first, "CLUSTER_2": clusters.second, "NAMESPACE": clusters.namespace}
            values |= {"SCALE_SET_1": clusters.first_scale_set, "SCALE_SET_2": clusters.second_scale_set}
            own = self.azure.resource_group
            values |= {"NODES_1": clusters.first_nodes or own, "NODES_2": clusters.second_nodes or own}
        return {f"FIREDRILL_{name}": value for name, value in values.items()}
