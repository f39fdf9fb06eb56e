"""What the control plane says about Service Bus namespaces: whether they serve, from where, and what a Geo-DR name leads to.

Chaos Toolkit probes (also used by the actions and the run's observer). They report, they never judge.
"""

from typing import Any, NamedTuple

from firedrill.azure.clients import servicebus_client
from firedrill.model.facts import NO, REDUNDANT, YES, Fact
from firedrill.model.target import BusSpec, Target

__all__ = [
    "alias_is_paired",
    "alias_leads_to",
    "dead_letters",
    "network_access",
    "queue_depth",
    "queue_status",
    "served_from",
    "status_of_queues",
]

ACTIVE, ENABLED, UPDATING, SUCCEEDED = "Active", "Enabled", "Updating", "Succeeded"


class Queue(NamedTuple):
    """One queue: `status` Active, Disabled, SendDisabled or ReceiveDisabled; how many messages are in it, and in its dead letters."""

    name: str
    status: str
    messages: int
    dead: int


class Namespace(NamedTuple):
    """`network` is publicNetworkAccess; `primary` the region that serves it, "" when it is not geo-replicated."""

    name: str
    network: str
    primary: str
    secondary: str
    promoting: bool


class Pair(NamedTuple):
    """A Geo-DR name as one namespace sees it. `partner` is "" when it leads to one namespace only."""

    role: str  # Primary, PrimaryNotReplicating or Secondary
    state: str  # Accepted, Succeeded or Failed
    partner: str
    pending: int  # entities that the partner has not got yet


def word(value: Any) -> str:
    """The SDK's enums are strings that do not print as such."""
    return str(getattr(value, "value", value))


def plain(region: str) -> str:
    """`West Europe` and `westeurope` are one place."""
    return region.replace(" ", "").lower()


def queue_of(found: Any) -> Queue:
    said, counts = found.properties, found.properties.count_details
    dead = int(counts.dead_letter_message_count or 0) if counts else 0
    return Queue(found.name, word(said.status), int(said.message_count or 0), dead)


def queues_of(client: Any, resource_group: str, namespace: str) -> list[Queue]:
    return [queue_of(found) for found in client.queues.list_by_namespace(resource_group, namespace)]


def namespace_of(found: Any) -> Namespace:
    said = found.properties
    places = {word(each.role_type): plain(each.location_name) for each in locations(said)}
    return Namespace(
        found.name,
        word(said.public_network_access or ENABLED),
        places.get("Primary", ""),
        places.get("Secondary", ""),
        word(said.provisioning_state) != SUCCEEDED,
    )


def locations(properties: Any) -> list[Any]:
    geo = properties.geo_data_replication
    return list(geo.locations or []) if geo else []


def namespace_state(client: Any, resource_group: str, namespace: str) -> Namespace:
    return namespace_of(client.namespaces.get(resource_group, namespace))


def pair_state(client: Any, resource_group: str, namespace: str, alias: str) -> Pair | None:
    """None: the namespace has no part in the name."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        said = client.disaster_recovery_configs.get(resource_group, namespace, alias).properties
    except ResourceNotFoundError:
        return None
    partner = (said.partner_namespace or "").rpartition("/")[2]
    pending = int(said.pending_replication_operations_count or 0)
    return Pair(word(said.role), word(said.provisioning_state), partner, pending)


def leading(client: Any, resource_group: str, namespaces: tuple[str, str], alias: str) -> tuple[str, Pair | None]:
    """The namespace that the name leads to and how it sees the pair; ("", None) when neither has it."""
    for namespace in namespaces:
        pair = pair_state(client, resource_group, namespace, alias)
        if pair is not None and pair.role.startswith("Primary"):
            return namespace, pair
    return "", None


def queue_status(resource_group: str, namespace: str, queue: str) -> str:
    """`Active`, `Disabled`, `SendDisabled` or `ReceiveDisabled`."""
    return queue_of(servicebus_client().queues.get(resource_group, namespace, queue)).status


def status_of_queues(resource_group: str, namespace: str) -> str:
    """`Active` when every queue of the namespace is; else which are not, in words."""
    found = queues_of(servicebus_client(), resource_group, namespace)
    return ", ".join(f"{queue.name} {queue.status}" for queue in found if queue.status != ACTIVE) or ACTIVE


def queue_depth(resource_group: str, namespace: str, queue: str) -> int:
    """How many messages are in the queue, in any state."""
    return queue_of(servicebus_client().queues.get(resource_group, namespace, queue)).messages


def dead_letters(resource_group: str, namespace: str, queue: str) -> int:
    """How many messages nobody could read, or nobody would."""
    return queue_of(servicebus_client().queues.get(resource_group, namespace, queue)).dead


def network_access(resource_group: str, namespace: str) -> str:
    """`Enabled`, or `Disabled`: clients of the public network are turned away."""
    return namespace_state(servicebus_client(), resource_group, namespace).network


def served_from(resource_group: str, namespace: str) -> str:
    """The region that serves a geo-replicated namespace: `westeurope`. "" when it is not geo-replicated."""
    return namespace_state(servicebus_client(), resource_group, namespace).primary


def alias_leads_to(resource_group: str, a: str, b: str, alias: str) -> str:
    """The namespace behind the Geo-DR name; "" when neither has it."""
    return leading(servicebus_client(), resource_group, (a, b), alias)[0]


def alias_is_paired(resource_group: str, a: str, b: str, alias: str) -> bool:
    """Whether the name could be failed over now: two namespaces, and nothing under way."""
    return is_paired(leading(servicebus_client(), resource_group, (a, b), alias)[1])


def is_paired(pair: Pair | None) -> bool:
    return pair is not None and bool(pair.partner) and pair.state == SUCCEEDED


def facts(target: Target) -> list[Fact]:
    """Both namespaces of the target and the name before them: what they are, and whether a second failure would be survived."""
    bus = target.servicebus
    if bus is None:
        return []
    client, group = servicebus_client(), target.azure.resource_group
    found = {one.name: namespace_of(one) for one in client.namespaces.list_by_resource_group(group)}
    said = [fact for name in (bus.a, bus.b) for fact in facts_of(found[name], queues_of(client, group, name))]
    return said + (facts_of_alias(client, group, bus) if bus.alias else [])


def facts_of(namespace: Namespace, queues: list[Queue]) -> list[Fact]:
    shut = [queue for queue in queues if queue.status != ACTIVE]
    serves = not shut and namespace.network == ENABLED and not namespace.promoting
    return [
        (namespace.name, "is", in_words(namespace, shut, len(queues))),
        (namespace.name, "dead letters", sum(queue.dead for queue in queues)),
        (namespace.name, REDUNDANT, YES if serves else NO),
    ]


def in_words(namespace: Namespace, shut: list[Queue], queues: int) -> str:
    if namespace.promoting:
        return "changing regions"
    if namespace.network != ENABLED:
        return "closed to the network"
    if shut:
        return f"{len(shut)} of {queues} queues {shut[0].status}"
    return f"{ACTIVE} in {namespace.primary}" if namespace.primary else ACTIVE


def facts_of_alias(client: Any, resource_group: str, bus: BusSpec) -> list[Fact]:
    name, pair = leading(client, resource_group, (bus.a, bus.b), bus.alias)
    return [(bus.alias, "leads to", name or "nothing"), (bus.alias, REDUNDANT, YES if is_paired(pair) else NO)]
