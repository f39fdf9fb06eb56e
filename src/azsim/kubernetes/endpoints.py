"""Endpoints: the addresses of a service's ready pods, as Endpoints and as one EndpointSlice."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from azsim.kubernetes import models
from azsim.kubernetes.kinds import ENDPOINTS, POD, SERVICE, SLICE, Kind
from azsim.kubernetes.selectors import labels_of
from azsim.kubernetes.store import Change, Key, Object, Store

PORT_NOTE = "azsim/port"  # of a pod that has no address of its own: the port that stands for its containerPort


class Endpoint(NamedTuple):
    """One ready pod behind a service."""

    pod: str
    ip: str
    port: int


OnEndpoints = Callable[[str, str, list[Endpoint]], None]  # namespace, service, endpoints


class EndpointsController:
    """The controller; `listeners` are told whenever the ready endpoints of a service change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[Key, list[Endpoint]] = {}
        self._listeners: list[OnEndpoints] = []

    def listen(self, listener: OnEndpoints) -> None:
        """Be told from now on, and of what is so already."""
        self._listeners.append(listener)
        for key, ready in self._known.items():
            listener(key.namespace, key.name, ready)

    def concerned(self, change: Change) -> Iterable[Key]:
        if change.key.kind is SERVICE:
            yield change.key
        elif change.key.kind is POD:
            for service in self._store.all(SERVICE, change.key.namespace):
                if any(selected(service, pod) for pod in (change.object, change.before) if pod is not None):
                    yield Key(SERVICE, change.key.namespace, service["metadata"]["name"])

    def look(self, key: Key) -> float | None:
        service = self._store.find(*key)
        if service is None:
            for kind in (ENDPOINTS, SLICE):
                if self._store.find(kind, key.namespace, key.name):
                    self._store.delete(kind, key.namespace, key.name)
            self._tell(key, [])
            self._known.pop(key, None)
        elif service["spec"].get("selector"):
            pods = [pod for pod in self._store.all(POD, key.namespace) if selected(service, pod)]
            self._write(ENDPOINTS, service, {"subsets": subsets(service, pods)})
            self._write(SLICE, service, slice_of(service, pods))
            ready = [pod for pod in pods if serves(pod)]
            first = service["spec"]["ports"][:1]
            self._tell(key, [endpoint(pod, port) for pod in ready for port in first])
        return None

    def _tell(self, key: Key, ready: list[Endpoint]) -> None:
        if ready != self._known.get(key):
            self._known[key] = ready
            for listener in self._listeners:
                listener(key.namespace, key.name, ready)

    def _write(self, kind: Kind, service: Object, content: dict[str, Any]) -> None:
        metadata = service["metadata"]
        before = self._store.find(kind, metadata["namespace"], metadata["name"])
        labels = {**labels_of(service), "kubernetes.io/service-name": metadata["name"]}
        made = {"name": metadata["name"], "namespace": metadata["namespace"], "labels": labels}
        if kind is SLICE:
            made["ownerReferences"] = [models.owner_reference(service, SERVICE)]
        thing = {"apiVersion": kind.api_version(), "kind": kind.name, "metadata": made, **content}
        if before is None:
            self._store.create(kind, thing)
        else:
            self._store.update(kind, thing)


def selected(service: Object, pod: Object) -> bool:
    wanted = service["spec"].get("selector") or {}
    return bool(wanted) and all(labels_of(pod).get(key) == value for key, value in wanted.items())


def serves(pod: Object) -> bool:
    return models.is_ready(pod) and bool(pod["status"].get("podIP"))


def endpoint(pod: Object, port: Object) -> Endpoint:
    return Endpoint(pod["metadata"]["name"], pod["status"]["podIP"], port_on(pod, port))


def port_on(pod: Object, port: Object) -> int:
    """Where a pod listens for a port of a service: by number, or by the name of a container's port."""
    noted = (pod["metadata"].get("annotations") or {}).get(PORT_NOTE)
    if noted:
        return int(noted)
    target = port["targetPort"]
    named: Object = {one.get("name", ""): one["containerPort"] for one in models.ports_of(pod)}
    return int(named.get(str(target)) or port["port"]) if isinstance(target, str) else int(target)


def subsets(service: Object, pods: list[Object]) -> list[Object]:
    """Pods that listen on the same ports together."""
    found: dict[tuple[int, ...], Object] = {}
    for pod in pods:
        if models.is_ending(pod) or not pod["status"].get("podIP"):
            continue
        numbers = tuple(port_on(pod, port) for port in service["spec"]["ports"])
        ports = [port_entry(port, number) for port, number in zip(service["spec"]["ports"], numbers, strict=True)]
        subset = found.setdefault(numbers, {"ports": ports})
        word = "addresses" if serves(pod) else "notReadyAddresses"
        subset.setdefault(word, []).append({"ip": pod["status"]["podIP"], **place_of(pod)})
    return list(found.values())


def slice_of(service: Object, pods: list[Object]) -> Object:
    """One slice; where each pod has a port of its own, the port of the first is named, as a slice can name only one."""
    present = [pod for pod in pods if pod["status"].get("podIP")]
    ports = [
        port_entry(port, port_on(present[0], port) if present else port["port"]) for port in service["spec"]["ports"]
    ]
    items = [
        {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": serves(pod), "serving": serves(pod), "terminating": models.is_ending(pod)},
            "zone": labels_of(pod).get(models.ZONE_LABEL, ""),
            **place_of(pod),
        }
        for pod in present
    ]
    return {"addressType": "IPv4", "ports": ports, "endpoints": items}


def port_entry(port: Object, number: int) -> Object:
    return {**({"name": port["name"]} if "name" in port else {}), "port": number, "protocol": port["protocol"]}


def place_of(pod: Object) -> Object:
    metadata = pod["metadata"]
    reference = {"kind": "Pod", "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]}
    return {"nodeName": pod["spec"]["nodeName"], "targetRef": reference}
