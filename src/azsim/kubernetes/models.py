"""Shapes that the controllers and the kubelet share: owners, conditions, names, numbers that may be percentages."""

import hashlib
import math
import random
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from azsim.kubernetes.kinds import POD, Kind
from azsim.kubernetes.store import Object, Store

HASH_LABEL = "pod-template-hash"
REGION_LABEL, ZONE_LABEL = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"
HOST_LABEL = "kubernetes.io/hostname"
# Kubernetes leaves out what could spell a word.
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def owner_reference(owner: Object, kind: Kind) -> Object:
    return {
        "apiVersion": kind.api_version(),
        "kind": kind.name,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(thing: Object) -> Object | None:
    """The owner reference of what made it."""
    owners = thing["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def owned(store: Store, kind: Kind, owner: Object) -> list[Object]:
    uid = owner["metadata"]["uid"]
    things = store.all(kind, owner["metadata"].get("namespace", ""))
    return [thing for thing in things if (controller_of(thing) or {}).get("uid") == uid]


def is_ending(thing: Object) -> bool:
    return "deletionTimestamp" in thing["metadata"]


def is_finished(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    return not is_ending(pod) and not is_finished(pod)


def condition(thing: Object, type_: str) -> Object | None:
    conditions = thing.get("status", {}).get("conditions") or []
    return next((one for one in conditions if one["type"] == type_), None)


def is_true(thing: Object, type_: str) -> bool:
    return (condition(thing, type_) or {}).get("status") == "True"


def is_ready(pod: Object) -> bool:
    return is_true(pod, "Ready") and not is_ending(pod)


def with_condition(conditions: Iterable[Object], new: Object, now: str) -> list[Object]:
    """`new` in the place of the one of its type; the time of transition is kept when the status is the same."""
    rest = list(conditions)
    before = next((one for one in rest if one["type"] == new["type"]), None)
    since = before["lastTransitionTime"] if before and before["status"] == new["status"] else now
    made = {**new, "lastTransitionTime": since}
    if before is None:
        return [*rest, made]
    return [made if one is before else one for one in rest]


def template_hash(template: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(msgspec.json.encode(template, order="sorted")).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:10])


def random_suffix() -> str:
    return "".join(random.choices(ALPHABET, k=5))


def resolve(value: int | str, total: int, *, up: bool) -> int:
    """3 is 3, "25%" of 10 is 3 when rounded up and 2 when not."""
    if isinstance(value, int):
        return value
    exact = int(value.removesuffix("%")) * total / 100
    return math.ceil(exact) if up else math.floor(exact)


def container_of(pod: Object) -> Object:
    """A pod has exactly one container here."""
    container: Object = pod["spec"]["containers"][0]
    return container


def ports_of(pod: Object) -> list[Object]:
    return container_of(pod).get("ports") or []


def set_status(store: Store, kind: Kind, thing: Object, **fields: Any) -> Object:
    """The object with these fields of its status changed, if it is still there."""
    metadata = thing["metadata"]
    now = store.find(kind, metadata.get("namespace", "") if kind.namespaced else "", metadata["name"])
    if now is None or now["metadata"]["uid"] != metadata["uid"]:
        return thing
    return store.update(kind, {**now, "status": {**now.get("status", {}), **fields}})


def pods_of(store: Store, namespace: str = "") -> list[Object]:
    return store.all(POD, namespace)
