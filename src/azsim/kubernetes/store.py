"""The objects of one cluster, with a version for each change and a log of changes to watch.

Stored objects are never changed in place: a new object replaces the old one, so what a watcher holds stays as it was.
Kept in memory only: it ends with the stage, as the pods do.
"""

import uuid
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from azsim.kubernetes import refusals
from azsim.kubernetes.kinds import Kind

KEPT_CHANGES = 5000

Object = dict[str, Any]


class Key(NamedTuple):
    """`namespace` is "" for what has none."""

    kind: Kind
    namespace: str
    name: str


class Change(NamedTuple):
    """`type` is ADDED, MODIFIED or DELETED; `before` is the object until then."""

    version: int
    type: str
    key: Key
    object: Object
    before: Object | None


class Store:
    """`now()` dates what is created."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.version = 1
        self.changes: deque[Change] = deque()
        self.forgotten = 0  # the newest version of which nothing is remembered
        self.now = now
        self._objects: dict[Kind, dict[tuple[str, str], Object]] = {}
        self._listeners: list[Callable[[Change], None]] = []

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Be told of each change, as it is made; the result ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        return self._objects.get(kind, {}).get((namespace, name))

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """Refused (404) when there is none."""
        found = self.find(kind, namespace, name)
        if found is None:
            raise refusals.not_found(kind, name)
        return found

    def all(self, kind: Kind, namespace: str = "") -> list[Object]:
        """In the order of namespace and name; all namespaces for ""."""
        table = self._objects.get(kind, {})
        return [table[place] for place in sorted(table) if not namespace or place[0] == namespace]

    def create(self, kind: Kind, thing: Object) -> Object:
        key = key_of(kind, thing)
        if self.find(*key) is not None:
            raise refusals.exists(kind, key.name)
        metadata = {
            **thing["metadata"],
            "uid": str(uuid.uuid4()),
            "creationTimestamp": timestamp(self.now()),
            **({"generation": 1} if "spec" in thing else {}),
        }
        return self._put("ADDED", key, {**thing, "metadata": metadata}, None)

    def update(self, kind: Kind, thing: Object) -> Object:
        """Refused (409) when `thing` is based on an older version; an object without a version replaces any."""
        key = key_of(kind, thing)
        before = self.get(*key)
        based_on = thing["metadata"].get("resourceVersion")
        if based_on and based_on != before["metadata"]["resourceVersion"]:
            raise refusals.conflict(kind, key.name)
        kept = {name: before["metadata"][name] for name in ("uid", "creationTimestamp", "resourceVersion")}
        metadata = {**thing["metadata"], **kept}
        if "generation" in before["metadata"]:
            step = thing.get("spec") != before.get("spec")
            metadata["generation"] = before["metadata"]["generation"] + step
        after = {**thing, "metadata": metadata}
        return before if after == before else self._put("MODIFIED", key, after, before)

    def delete(self, kind: Kind, namespace: str, name: str) -> Object:
        before = self.get(kind, namespace, name)
        return self._put("DELETED", Key(kind, namespace, name), before, before)

    def _put(self, type_: str, key: Key, thing: Object, before: Object | None) -> Object:
        self.version += 1
        thing = {**thing, "metadata": {**thing["metadata"], "resourceVersion": str(self.version)}}
        table = self._objects.setdefault(key.kind, {})
        if type_ == "DELETED":
            del table[key.namespace, key.name]
        else:
            table[key.namespace, key.name] = thing
        self._tell(Change(self.version, type_, key, thing, before))
        return thing

    def _tell(self, change: Change) -> None:
        self.changes.append(change)
        if len(self.changes) > KEPT_CHANGES:
            self.forgotten = self.changes.popleft().version
        for listener in list(self._listeners):
            listener(change)

    def since(self, version: int) -> list[Change]:
        """What changed after `version`; Refused (410) when that is forgotten."""
        if version < self.forgotten:
            raise refusals.expired(version, self.forgotten)
        found = []
        for change in reversed(self.changes):
            if change.version <= version:
                break
            found.append(change)
        return found[::-1]


def key_of(kind: Kind, thing: Object) -> Key:
    return Key(kind, thing["metadata"].get("namespace", "") if kind.namespaced else "", thing["metadata"]["name"])


def timestamp(when: datetime) -> str:
    """As Kubernetes writes it: whole seconds."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
