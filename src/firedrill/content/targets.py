"""A target file becomes a `Target`, or an error that says which line to change.

A target with a `stage` is a rehearsal on this machine; any other must name a subscription and the system's address.
`--set stage.*` and `bank.mistake` are laid over the stage here, so that there is one place that knows what holds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from firedrill.content.project import find, find_project
from firedrill.content.settings import LAG, MISTAKE, PROFILE, SEED, Settings, read_settings
from firedrill.content.shape import At, Choice, Flag, Integer, Key, Many, Matching, Named, Record, Text
from firedrill.content.yaml import read_document
from firedrill.errors import Usage
from firedrill.model.clouds import CLOUDS
from firedrill.model.target import (
    AzureSpec,
    BusSpec,
    ClusterSpec,
    RouteSpec,
    SqlSpec,
    StageSpec,
    StorageSpec,
    SystemSpec,
    Target,
    WorkloadSpec,
)

NAME = Matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "letters, digits, . _ and -, up to 63")
GROUP = Matching(r"[A-Za-z0-9(][\w.()-]{0,89}", "a resource group: letters, digits, . _ - ( and ), up to 90")
GUID = Matching(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "a GUID: 00000000-0000-0000-0000-000000000000")
HTTPS = Matching(r"https://[^\s/]+(/\S*)?", "an address: https://...")
URL = Matching(r"https?://[^\s/]+(/\S*)?", "an address: https://... or http://...")
READY = Matching(r"(/\S*)?", "a path: /health/ready")
PROGRAM = Matching(r"[a-z][a-z0-9-]{0,30}", "small letters, digits and -, up to 31")
COMMAND = Many(Text(500), 1)

AZURE = Record(
    AzureSpec,
    Key("subscription", GUID, "the subscription's id", required=True),
    Key("resource_group", GROUP, "the resource group that holds the system", required=True),
    Key("tenant", GUID, "the tenant's id"),
    Key("cloud", Choice(tuple(CLOUDS)), "which of Azure's clouds"),
    Key("arm", HTTPS, "the management endpoint of a cloud that has no name here"),
    Key("authority", HTTPS, "the login endpoint of that cloud"),
)
SQL = Record(
    SqlSpec,
    Key("failover_group", NAME, "the failover group's name", required=True),
    Key("primary", NAME, "the server that is primary before a drill", required=True),
    Key("secondary", NAME, "the server on the other side", required=True),
    Key("database", NAME, "the database, for drills of a single one"),
)
BUSES = Record(
    BusSpec,
    Key("a", NAME, "the namespace that is used first", required=True),
    Key("b", NAME, "the namespace on the other side", required=True),
    Key("alias", NAME, "the Geo-DR alias over both"),
)
STORAGE = Record(
    StorageSpec,
    Key("first", NAME, "the account that is written first", required=True),
    Key("second", NAME, "the account in the other region", required=True),
)
CLUSTERS = Record(
    ClusterSpec,
    Key("first", NAME, "the kubeconfig context of the first region", required=True),
    Key("second", NAME, "the kubeconfig context of the second region", required=True),
    Key("namespace", NAME, "where the system's pods are"),
    Key("first_scale_set", NAME, "the scale set under the nodes of the first region"),
    Key("second_scale_set", NAME, "the scale set under the nodes of the second region"),
    Key("first_nodes", GROUP, "the resource group of that scale set, when it is another"),
    Key("second_nodes", GROUP, "the same for the second region"),
)
KINDS = "sql|servicebus|storage|kubernetes|compute|stage"
ALLOWED = Matching(rf"({KINDS})/\S+", f"kind/name, where kind is one of {KINDS.replace('|', ', ')}")
SYSTEM = Record(SystemSpec, Key("url", URL, "where users reach the system", required=True))
WORKLOAD = Record(
    WorkloadSpec,
    Key("name", PROGRAM, "what the stage calls it", required=True),
    Key("command", COMMAND, 'the program and its arguments; "{python}" is the stage\'s Python', required=True),
    Key("per_region", Integer(1, 20), "copies in each region"),
    Key("ready", READY, "the path that answers 200 when a copy may get requests"),
    Key("env", Named(Text(500)), "more environment"),
)
SERVICE = Matching(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", "a Kubernetes name: small letters, digits and -, up to 63")
METHOD = Matching("GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS", "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS")
ROUTE = Record(
    RouteSpec,
    Key("path", Matching(r"/\S*", "the beginning of a path: / or /accounts/"), "where requests begin", required=True),
    Key("service", SERVICE, "the Kubernetes service that gets them", required=True),
    Key("ready", Matching(r"/\S*", "a path: /health/ready"), "the path that answers 200 when a pod may get requests"),
    Key("methods", Many(METHOD), "the methods of the requests that go there; all of them when it is left out"),
)
QUEUE = Matching(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,258}", "a queue's name: letters, digits, . _ - and /, up to 259")
STAGE = Record(
    StageSpec,
    Key("profile", PROFILE, "how fast things go: brisk (seconds) or azure (documented typical)"),
    Key("seed", SEED, "of everything random"),
    Key("replication_lag", LAG, "added to replication", "replication_lag_s"),
    Key("mistake", MISTAKE, "a mistake that the system makes on purpose"),
    Key("init", Many(COMMAND), "commands that run once, before the workloads"),
    Key("workloads", Many(WORKLOAD), "the programs of the system, where manifests would be too much"),
    Key("manifests", Many(Text(500)), "Kubernetes manifests: files or folders, applied in both regions"),
    Key("images", Named(COMMAND), "the command of this machine that stands for a container image"),
    Key("routes", Many(ROUTE), "which service the front door leads to, by the beginning of the path"),
    Key("queues", Many(QUEUE), "queues that both buses have"),
    Key(
        "services",
        Many(Choice(("servicebus", "storage"))),
        "what the system uses beside SQL and Kubernetes; [] for neither",
    ),
)
TARGET = Record(
    Target,
    Key("target", NAME, "the target's name", "name", required=True),
    Key("rehearsal", Flag(), "true: nothing here is real, and the report says so"),
    Key("azure", AZURE, "the subscription"),
    Key("sql", SQL, "the SQL failover group"),
    Key("servicebus", BUSES, "the two Service Bus namespaces"),
    Key("storage", STORAGE, "the storage account of each region"),
    Key("kubernetes", CLUSTERS, "the cluster of each region"),
    Key("allow", Many(ALLOWED, 1), "the only resources that may be touched; left out: all that are named here"),
    Key("system", SYSTEM, "the system under drill"),
    Key("stage", STAGE, "the rehearsal stage of this machine"),
)


def load_target(name: str | Path, project: Path | None = None, overrides: Sequence[str] = ()) -> Target:
    """The target that a path or a bare name means, with `stage.*` and `bank.mistake` of `overrides` laid over it.

    Other overrides are left alone. InvalidFile or Usage otherwise.
    """
    document = read_document(find(project or find_project(), "targets", name))
    target = TARGET.read(document.data, At(document))
    check_place(target, At(document))
    return with_settings(target, read_settings(overrides))


def check_place(target: Target, at: At) -> None:
    """Either a stage that is called a rehearsal, or a subscription with an address; never something in between."""
    check_two_sides(target, at)
    if strange := sorted(set(target.allow) - set(target.resources)):
        raise at.child("allow").refuse(f"{strange[0]} is not a resource of this target", ", ".join(target.resources))
    if target.stage is not None:
        if not target.rehearsal:
            raise at.child("stage").refuse(
                "a stage is a rehearsal", "rehearsal: true", "add the line `rehearsal: true`"
            )
        if target.azure.subscription:
            raise at.child("azure").refuse("the stage has its own subscription", "a stage or a subscription, not both")
        return
    for key, given in (("azure", target.azure.subscription), ("system", target.system.url)):
        if not given:
            raise at.refuse(f"the key {key!r} is missing", "a stage, or azure and system", f"add the block `{key}:`")


def check_two_sides(target: Target, at: At) -> None:
    """What stands in for the other cannot be the same one."""
    sides = (
        ("sql", target.sql and (target.sql.primary, target.sql.secondary), "secondary", "server"),
        ("servicebus", target.servicebus and (target.servicebus.a, target.servicebus.b), "b", "namespace"),
        ("storage", target.storage and (target.storage.first, target.storage.second), "second", "account"),
        ("kubernetes", target.kubernetes and (target.kubernetes.first, target.kubernetes.second), "second", "context"),
    )
    for block, pair, key, what in sides:
        if pair and pair[0] == pair[1]:
            raise at.child(block).child(key).refuse(f"both sides are the same {what}: {pair[0]}", f"two {what}s")


def with_settings(target: Target, settings: Settings) -> Target:
    """The target with the settings of the stage that were given."""
    given: dict[str, Any] = {
        name: value for name, value in msgspec.structs.asdict(settings.stage).items() if value is not None
    }
    if not given:
        return target
    if target.stage is None:
        names = ", ".join(key for key in settings.words if key.startswith(("stage.", "bank.")))
        raise Usage(
            f"{names}: target {target.name} has no stage", where="--set", next_step="leave it out, or --target local"
        )
    return msgspec.structs.replace(target, stage=msgspec.structs.replace(target.stage, **given))
