"""Events: what happened to an object, for `kubectl describe`, and the same line in the stage's log."""

from azsim.kubernetes.kinds import EVENT
from azsim.kubernetes.models import random_suffix
from azsim.kubernetes.store import Object, Store, timestamp
from azsim.log import StageLog

KEPT = 500


class Events:
    """Of one cluster. The same thing said again counts on the first event."""

    def __init__(self, store: Store, log: StageLog, region: str) -> None:
        self._store = store
        self._log = log
        self._region = region
        self._known: dict[tuple[str, str, str], tuple[str, str]] = {}  # in the order of their first time

    def tell(self, thing: Object, reason: str, message: str, *, warning: bool = False, source: str = "kubelet") -> None:
        metadata = thing["metadata"]
        namespace = metadata.get("namespace", "default")
        name = f"{thing['kind'].lower()}/{metadata['name']}"
        self._log.record(f"kubernetes.{reason}", region=self._region, object=name, message=message)
        known = self._known.get((metadata["uid"], reason, message))
        before = self._store.find(EVENT, *known) if known else None
        if before is not None:
            again = {"count": before["count"] + 1, "lastTimestamp": timestamp(self._store.now())}
            self._store.update(EVENT, {**before, **again})
            return
        made = self._store.create(
            EVENT,
            event(thing, namespace, reason, message, timestamp(self._store.now()))
            | {
                "type": "Warning" if warning else "Normal",
                "source": {"component": source},
                "reportingComponent": source,
            },
        )
        self._known[metadata["uid"], reason, message] = (namespace, made["metadata"]["name"])
        self._forget()

    def _forget(self) -> None:
        while len(self._known) > KEPT:
            place = self._known.pop(next(iter(self._known)))
            if self._store.find(EVENT, *place) is not None:
                self._store.delete(EVENT, *place)


def event(thing: Object, namespace: str, reason: str, message: str, now: str) -> Object:
    metadata = thing["metadata"]
    involved = {
        "apiVersion": thing["apiVersion"],
        "kind": thing["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"],
    }
    if "namespace" in metadata:
        involved["namespace"] = namespace
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{random_suffix()}{random_suffix()}", "namespace": namespace},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "eventTime": None,
    }
