"""Where a drill runs, as declared in `targets/`: the rehearsal stage of this machine, or a subscription.

Holds no credentials: those come from the environment, as for every Azure client.
"""

import msgspec


class AzureSpec(msgspec.Struct, frozen=True):
    """On the stage the subscription and the endpoints are the stage's own, and empty here."""

    subscription: str = ""
    resource_group: str = "gasbank"
    tenant: str = ""
    arm: str = ""  # management endpoint; "" is the public cloud
    authority: str = ""  # where tokens come from; "" is the public cloud


class SqlSpec(msgspec.Struct, frozen=True):
    """A failover group and the servers on both sides, as they stand before a drill."""

    failover_group: str
    primary: str
    secondary: str


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
    this machine, behind `routes`; or, shorter, `workloads`. `queues` are made on both buses.
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


class Target(msgspec.Struct, frozen=True):
    name: str
    sql: SqlSpec
    rehearsal: bool = False
    azure: AzureSpec = AzureSpec()
    system: SystemSpec = SystemSpec()
    stage: StageSpec | None = None

    @property
    def environment(self) -> dict[str, str]:
        """How actions and experiments learn the names of the resources."""
        return {
            "FIREDRILL_RESOURCE_GROUP": self.azure.resource_group,
            "FIREDRILL_SQL_FAILOVER_GROUP": self.sql.failover_group,
            "FIREDRILL_SQL_PRIMARY": self.sql.primary,
            "FIREDRILL_SQL_SECONDARY": self.sql.secondary,
        }
