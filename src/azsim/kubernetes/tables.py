"""Tables: the columns that `kubectl get` prints, made on the server as Kubernetes does."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from azsim.kubernetes import models
from azsim.kubernetes.kinds import BUDGET, DEPLOYMENT, ENDPOINTS, EVENT, LEASE, NODE, POD, REPLICA_SET, SERVICE, Kind
from azsim.kubernetes.store import Object

Cells = Callable[[Object], list[Any]]
NONE = "<none>"


def table(kind: Kind, things: Sequence[Object], now: datetime, include: str, *, head: bool = True) -> Object:
    """`include` says how much of each object comes with its row: "Metadata", "Object" or "None"."""
    names, wide, cells = SHAPES.get(kind, ((), (), lambda _thing: []))
    columns = [column("Name", format_="name"), *(column(name) for name in names), column("Age")]
    columns += [column(name, priority=1) for name in wide]
    rows = []
    for thing in things:
        said = cells(thing)
        shown = [thing["metadata"]["name"], *said[: len(names)], age(thing, now), *said[len(names) :]]
        rows.append({"cells": shown, **carried(thing, include)})
    made = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "rows": rows}
    return {**made, "columnDefinitions": columns} if head else {**made, "columnDefinitions": None}


def column(name: str, *, format_: str = "", priority: int = 0) -> Object:
    return {"name": name, "type": "string", "format": format_, "description": "", "priority": priority}


def carried(thing: Object, include: str) -> Object:
    if include == "None":
        return {}
    if include == "Object":
        return {"object": thing}
    metadata = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": thing["metadata"]}
    return {"object": metadata}


def age(thing: Object, now: datetime) -> str:
    """As kubectl shortens it: 12s, 4m5s, 3h, 2d."""
    seconds = max(0, int((now - datetime.fromisoformat(thing["metadata"]["creationTimestamp"])).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    return f"{minutes}m" if hours < 3 else f"{hours}h" if hours < 48 else f"{days}d"


def pod_cells(pod: Object) -> list[Any]:
    status = pod.get("status", {})
    container = (status.get("containerStatuses") or [{}])[0]
    ready = f"{int(bool(container.get('ready')))}/1"
    wide = [status.get("podIP", NONE), pod["spec"].get("nodeName", NONE), NONE, NONE]
    return [ready, pod_word(pod), container.get("restartCount", 0), *wide]


def pod_word(pod: Object) -> str:
    """The one word that people look for: Running, CrashLoopBackOff, Terminating."""
    status = pod.get("status", {})
    state = (status.get("containerStatuses") or [{}])[0].get("state", {})
    if models.is_ending(pod):
        return "Terminating"
    if "waiting" in state:
        return str(state["waiting"]["reason"])
    if "terminated" in state and status.get("phase") != "Pending":
        return str(state["terminated"]["reason"])
    return str(status.get("phase", "Unknown"))


def deployment_cells(deployment: Object) -> list[Any]:
    status, spec = deployment.get("status", {}), deployment["spec"]
    container = spec["template"]["spec"]["containers"][0]
    labels = spec["selector"].get("matchLabels") or {}
    return [
        f"{status.get('readyReplicas', 0)}/{spec['replicas']}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        container["name"],
        container["image"],
        pairs(labels),
    ]


def replica_set_cells(replica_set: Object) -> list[Any]:
    status = replica_set.get("status", {})
    return [replica_set["spec"]["replicas"], status.get("replicas", 0), status.get("readyReplicas", 0)]


def node_cells(node: Object) -> list[Any]:
    word = "Ready" if models.is_true(node, "Ready") else "NotReady"
    word += ",SchedulingDisabled" if node["spec"].get("unschedulable") else ""
    info, addresses = node["status"]["nodeInfo"], node["status"]["addresses"]
    address = next((one["address"] for one in addresses if one["type"] == "InternalIP"), NONE)
    return [word, NONE, info["kubeletVersion"], address, NONE, info["osImage"], "", info["containerRuntimeVersion"]]


def service_cells(service: Object) -> list[Any]:
    spec = service["spec"]
    ports = ",".join(f"{port['port']}/{port['protocol']}" for port in spec.get("ports") or []) or NONE
    return [spec["type"], spec["clusterIP"], NONE, ports, pairs(spec.get("selector") or {})]


def endpoints_cells(endpoints: Object) -> list[Any]:
    shown = [
        f"{address['ip']}:{port['port']}"
        for subset in endpoints.get("subsets") or []
        for address in subset.get("addresses") or []
        for port in subset["ports"]
    ]
    return [",".join(shown) or NONE]


def budget_cells(budget: Object) -> list[Any]:
    spec = budget["spec"]
    allowed = budget.get("status", {}).get("disruptionsAllowed", 0)
    return [str(spec.get("minAvailable", "N/A")), str(spec.get("maxUnavailable", "N/A")), allowed]


def lease_cells(lease: Object) -> list[Any]:
    return [(lease.get("spec") or {}).get("holderIdentity") or ""]


def event_cells(event: Object) -> list[Any]:
    involved = event["involvedObject"]
    about = f"{involved['kind'].lower()}/{involved['name']}"
    return [event.get("type", ""), event.get("reason", ""), about, event.get("message", ""), event.get("count", 1)]


def pairs(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items()) or NONE


# Columns between Name and Age, columns for `-o wide`, and what is in them.
SHAPES: dict[Kind, tuple[Sequence[str], Sequence[str], Cells]] = {
    POD: (("Ready", "Status", "Restarts"), ("IP", "Node", "Nominated Node", "Readiness Gates"), pod_cells),
    DEPLOYMENT: (("Ready", "Up-to-date", "Available"), ("Containers", "Images", "Selector"), deployment_cells),
    REPLICA_SET: (("Desired", "Current", "Ready"), (), replica_set_cells),
    NODE: (
        ("Status", "Roles", "Version"),
        ("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"),
        node_cells,
    ),
    SERVICE: (("Type", "Cluster-IP", "External-IP", "Port(s)"), ("Selector",), service_cells),
    ENDPOINTS: (("Endpoints",), (), endpoints_cells),
    BUDGET: (("Min Available", "Max Unavailable", "Allowed Disruptions"), (), budget_cells),
    EVENT: (("Type", "Reason", "Object", "Message"), ("Count",), event_cells),
    LEASE: (("Holder",), (), lease_cells),
}
