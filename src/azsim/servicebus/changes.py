"""Changes of a namespace's entities, as values: made in one namespace, and in a Geo-DR partner a little later."""

from collections.abc import Awaitable, Callable

from azsim.servicebus.broker.options import Options
from azsim.servicebus.broker.rules import Rule
from azsim.servicebus.site import Site

Change = Callable[[Site], Awaitable[None]]
ORDER = ("topic", "subscription", "queue")  # a subscription needs its topic


def put(path: str, kind: str, options: Options) -> Change:
    """An entity with these options. Its status is each namespace's own: one that is disabled here is not disabled there."""

    async def change(site: Site) -> None:
        await site.put_but_status(path, kind, options)

    return change


def delete(path: str) -> Change:
    async def change(site: Site) -> None:
        await site.delete(path)

    return change


def put_rule(topic: str, subscription: str, rule: Rule) -> Change:
    async def change(site: Site) -> None:
        await site.put_rule(topic, subscription, rule)

    return change


def delete_rule(topic: str, subscription: str, name: str) -> Change:
    async def change(site: Site) -> None:
        await site.delete_rule(topic, subscription, name)

    return change


def everything(site: Site) -> list[Change]:
    """What makes another namespace like this one."""
    entities = sorted(site.entities.values(), key=lambda each: ORDER.index(each.kind))
    made = [put(each.path, each.kind, each.options) for each in entities]
    rules = [
        put_rule(each.path, subscription, rule)
        for each in entities
        for subscription, found in each.rules.items()
        for rule in found
    ]
    return [*made, *rules]
