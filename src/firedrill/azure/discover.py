"""What stands in a resource group, as far as drills care: pairs of things in two regions, read from ARM.

It takes a pair only where there is exactly one, and otherwise says in words what it saw: a guess in a target file is
a drill on the wrong system.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from firedrill.azure.arm import RESOURCES, Arm
from firedrill.azure.resources import ALIAS, FAILOVER_GROUP, GROUP, VERSIONS
from firedrill.errors import CannotRun

CLUSTER_VERSION, DOOR_VERSION = "2023-08-01", "2023-05-01"
Thing = dict[str, Any]


class Part(NamedTuple):
    """One block of a target: its keys and values when it was decided, and what a person should know or decide."""

    values: dict[str, str] | None
    notes: tuple[str, ...] = ()


class Found(NamedTuple):
    """By block of the target file, in its order."""

    group: str
    parts: dict[str, Part]


class Group:
    """The resources of one group, asked for once; what belongs to them on demand."""

    def __init__(self, arm: Arm, name: str) -> None:
        self.arm, self.name = arm, name
        self.things = self.listed(name)

    def listed(self, group: str) -> list[Thing]:
        """CannotRun when the group is not there or may not be read."""
        reply, things = self.arm.list(f"/subscriptions/{self.arm.subscription}/resourceGroups/{group}", RESOURCES)
        if not reply.ok:
            raise CannotRun(
                f"the resource group cannot be listed: {reply.words}",
                where=f"{GROUP} {group} in subscription {self.arm.subscription}",
                next_step="check both names, and that the identity may read the group",
            )
        return sorted(things, key=lambda thing: str(thing["name"]))

    def of(self, kind: str) -> list[Thing]:
        return [thing for thing in self.things if same(thing["type"], kind)]

    def below(self, thing: Thing, kind: str, version: str) -> list[Thing]:
        """What belongs to a thing; nothing when it may not be read (then the block is left to a person)."""
        return self.arm.list(thing["id"], (kind, version))[1]


def discover(arm: Arm, name: str) -> Found:
    """Everything that a target can name. CannotRun when the group cannot be listed."""
    group = Group(arm, name)
    sql, home = find_sql(group)
    near = nearest(home)
    parts = {
        "system": find_system(group),
        "sql": sql,
        "servicebus": find_buses(group, near),
        "storage": find_accounts(group, near),
        "kubernetes": find_clusters(group, near),
    }
    return Found(name, parts)


def find_sql(group: Group) -> tuple[Part, str]:
    """The one failover group, from the server that is primary now; and the region where that is."""
    servers = {thing["name"]: thing for thing in group.of("Microsoft.Sql/servers")}
    seen = {
        (each["name"], name): each
        for name, server in servers.items()
        for each in group.below(server, "failoverGroups", VERSIONS[FAILOVER_GROUP])
        if same(each["properties"]["replicationRole"], "Primary")
    }
    if len(seen) != 1:
        return undecided("failover group with its primary in this group", [f"{a} on {b}" for a, b in seen]), ""
    ((name, primary), found), *_ = seen.items()
    partner = last(found["properties"]["partnerServers"][0]["id"])
    databases = [last(each) for each in found["properties"].get("databases", ())]
    values = {"failover_group": name, "primary": primary, "secondary": partner}
    notes = (
        [] if partner in servers else [f"the server {partner} is in another resource group: drills need both in one"]
    )
    if len(databases) == 1:
        values["database"] = databases[0]
    else:
        notes.append(f"database: one of {', '.join(databases) or 'none that I saw'}")
    return Part(values, tuple(notes)), place(servers[primary])


def find_buses(group: Group, near: Callable[[Thing], Any]) -> Part:
    """Two namespaces; and their alias, when a pairing is there."""
    spaces = group.of("Microsoft.ServiceBus/namespaces")
    if len(spaces) != 2:
        return undecided("pair of Service Bus namespaces", names(spaces))
    first, second = sorted(spaces, key=near)
    values = {"a": first["name"], "b": second["name"]}
    pairings = {each["name"] for one in spaces for each in group.below(one, "disasterRecoveryConfigs", VERSIONS[ALIAS])}
    if len(pairings) == 1:
        values["alias"] = pairings.pop()
    return Part(values)


def find_accounts(group: Group, near: Callable[[Thing], Any]) -> Part:
    """Two storage accounts; of more, the two that have a copy in another region."""
    every = group.of("Microsoft.Storage/storageAccounts")
    copied = [each for each in every if "GRS" in sku(each) or "GZRS" in sku(each)]
    pair = copied if len(copied) == 2 else every
    if len(pair) != 2:
        return undecided("pair of storage accounts", [f"{each['name']} ({sku(each)})" for each in every])
    first, second = sorted(pair, key=near)
    lonely = [f"{each['name']} is {sku(each)}: it cannot fail over" for each in pair if each not in copied]
    return Part({"first": first["name"], "second": second["name"]}, tuple(lonely))


def find_clusters(group: Group, near: Callable[[Thing], Any]) -> Part:
    """Two clusters, with the scale sets under their nodes. What a kubeconfig calls them, only its owner knows."""
    clusters = group.of("Microsoft.ContainerService/managedClusters")
    if len(clusters) != 2:
        return undecided("pair of AKS clusters", names(clusters))
    pair = sorted(clusters, key=near)
    values = {"first": pair[0]["name"], "second": pair[1]["name"]}
    notes = [
        "first and second are contexts of your kubeconfig; `az aks get-credentials` calls them as the clusters",
        "namespace: where the system's pods are, unless that is default",
    ]
    for side, cluster in zip(("first", "second"), pair, strict=True):
        found, words = find_nodes(group, side, cluster)
        values |= found
        notes += words
    return Part(values, tuple(notes))


def find_nodes(group: Group, side: str, cluster: Thing) -> tuple[dict[str, str], list[str]]:
    """The scale set of a cluster and the group that holds it, which Azure makes for the nodes alone."""
    holder = group.arm.get(cluster["id"], CLUSTER_VERSION).body.get("properties", {}).get("nodeResourceGroup", "")
    things = group.things if same(holder, group.name) else group.listed(holder) if holder else []
    sets = [each for each in things if same(each["type"], "Microsoft.Compute/virtualMachineScaleSets")]
    here = [each for each in sets if same(place(each), place(cluster))]
    if len(here) != 1:
        return {}, [f"{side}_scale_set: one of {', '.join(names(here)) or 'none that I saw'} in {holder or 'no group'}"]
    nodes = {} if same(holder, group.name) else {f"{side}_nodes": holder}
    return {f"{side}_scale_set": here[0]["name"], **nodes}, []


def find_system(group: Group) -> Part:
    """The address of the one Front Door endpoint."""
    doors = [
        each["properties"]["hostName"]
        for profile in group.of("Microsoft.Cdn/profiles")
        for each in group.below(profile, "afdEndpoints", DOOR_VERSION)
    ]
    return Part({"url": f"https://{doors[0]}"}) if len(doors) == 1 else undecided("Front Door endpoint", doors)


def undecided(what: str, seen: Sequence[str]) -> Part:
    return Part(None, (f"not decided: I looked for exactly one {what} and saw {', '.join(seen) or 'none'}",))


def nearest(home: str) -> Callable[[Thing], Any]:
    """A sort key: what is in the primary's region first, then by name."""
    return lambda thing: (not same(place(thing), home), thing["name"])


def place(thing: Thing) -> str:
    """The region as ARM's ids write it: some services say "West Europe" for westeurope."""
    return str(thing.get("location", "")).replace(" ", "").lower()


def sku(thing: Thing) -> str:
    return str((thing.get("sku") or {}).get("name", ""))


def names(things: Sequence[Thing]) -> list[str]:
    return [thing["name"] for thing in things]


def last(identifier: str) -> str:
    return identifier.rpartition("/")[2]


def same(name: str, other: str) -> bool:
    return name.lower() == other.lower()
