"""How things go: pods with grace, what belongs to something gone, namespaces with all that is in them."""

from collections.abc import Iterable
from datetime import timedelta

from azsim.kubernetes import models, refusals
from azsim.kubernetes.kinds import KINDS, NAMESPACE, POD, Kind
from azsim.kubernetes.store import Change, Key, Object, Store, key_of, timestamp


def delete_pod(store: Store, pod: Object, grace_s: int | None = None) -> Object:
    """Ask a pod to end; the object stays until its process is gone. Grace 0, or no node yet: gone at once.

    Asked again, the shorter grace counts.
    """
    grace_s = pod["spec"].get("terminationGracePeriodSeconds", 30) if grace_s is None else grace_s
    if grace_s == 0 or not pod["spec"].get("nodeName") or models.is_finished(pod):
        return store.delete(*key_of(POD, pod))
    metadata = pod["metadata"]
    if models.is_ending(pod) and metadata["deletionGracePeriodSeconds"] <= grace_s:
        return pod
    when = timestamp(store.now() + timedelta(seconds=grace_s))
    return store.update(
        POD, {**pod, "metadata": {**metadata, "deletionTimestamp": when, "deletionGracePeriodSeconds": grace_s}}
    )


def delete(store: Store, kind: Kind, thing: Object, grace_s: int | None = None, *, orphan: bool = False) -> Object:
    """Delete anything as a client that asks for it; what it owns follows, unless it is to be left an `orphan`."""
    if kind is POD:
        return delete_pod(store, thing, grace_s)
    if kind is NAMESPACE:
        return end_namespace(store, thing)
    if orphan:
        for other, owned in dependents(store, thing):
            kept = [one for one in owned["metadata"]["ownerReferences"] if one["uid"] != thing["metadata"]["uid"]]
            store.update(other, {**owned, "metadata": {**owned["metadata"], "ownerReferences": kept}})
    return store.delete(*key_of(kind, thing))


def dependents(store: Store, owner: Object) -> list[tuple[Kind, Object]]:
    uid = owner["metadata"]["uid"]
    return [
        (kind, thing)
        for kind in KINDS
        for thing in store.all(kind)
        if any(one["uid"] == uid for one in thing["metadata"].get("ownerReferences") or [])
    ]


def end_namespace(store: Store, namespace: Object) -> Object:
    if namespace["metadata"]["name"] in ("default", "kube-system"):
        name = namespace["metadata"]["name"]
        why = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
        raise refusals.Refused(403, "Forbidden", why, refusals.details(NAMESPACE, name))
    if models.is_ending(namespace):
        return namespace
    metadata = {**namespace["metadata"], "deletionTimestamp": timestamp(store.now())}
    return store.update(NAMESPACE, {**namespace, "metadata": metadata, "status": {"phase": "Terminating"}})


class Collector:
    """The controller that deletes what belonged to something that is gone, and the contents of ending namespaces."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def concerned(self, change: Change) -> Iterable[Key]:
        if change.type == "DELETED":
            if change.key.kind.namespaced:
                namespace = self._store.find(NAMESPACE, "", change.key.namespace)
                if namespace is not None and models.is_ending(namespace):
                    yield Key(NAMESPACE, "", change.key.namespace)
            for kind, thing in dependents(self._store, change.object):
                yield key_of(kind, thing)
        elif change.key.kind is NAMESPACE and models.is_ending(change.object):
            yield change.key

    def look(self, key: Key) -> float | None:
        thing = self._store.find(*key)
        if thing is None:
            return None
        if key.kind is NAMESPACE:
            self._empty(key)
        elif not self._owner_lives(thing):
            delete(self._store, key.kind, thing)
        return None

    def _owner_lives(self, thing: Object) -> bool:
        owners = {owner["uid"] for owner in thing["metadata"].get("ownerReferences") or []}
        return any(other["metadata"]["uid"] in owners for kind in KINDS for other in self._store.all(kind))

    def _empty(self, key: Key) -> None:
        inside = [(kind, thing) for kind in KINDS if kind.namespaced for thing in self._store.all(kind, key.name)]
        for kind, thing in inside:
            if self._store.find(*key_of(kind, thing)) is not None:
                delete(self._store, kind, thing)
        if not any(self._store.all(kind, key.name) for kind in KINDS if kind.namespaced):
            self._store.delete(*key)
