"""The kinds of objects that the stage's Kubernetes knows, as discovery lists them.

A kind that is not here does not exist: its path is answered 404, as a cluster without it would.
"""

from typing import Any, NamedTuple

VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


class Kind(NamedTuple):
    """`versions` has the one that is stored first. Status is written through `/status` only where there is such a thing."""

    name: str
    plural: str
    group: str  # "" is the core group
    versions: tuple[str, ...] = ("v1",)
    namespaced: bool = True
    short: tuple[str, ...] = ()
    has_status: bool = False
    has_scale: bool = False
    in_all: bool = False  # `kubectl get all`

    def api_version(self, version: str = "") -> str:
        """As objects name it: "apps/v1", or "v1" for the core group."""
        return f"{self.group}/{version or self.versions[0]}".removeprefix("/")

    @property
    def resource(self) -> str:
        """As errors name it: `deployments.apps`."""
        return f"{self.plural}.{self.group}".removesuffix(".")


POD = Kind("Pod", "pods", "", short=("po",), has_status=True, in_all=True)
DEPLOYMENT = Kind("Deployment", "deployments", "apps", short=("deploy",), has_status=True, has_scale=True, in_all=True)
REPLICA_SET = Kind("ReplicaSet", "replicasets", "apps", short=("rs",), has_status=True, has_scale=True, in_all=True)
SERVICE = Kind("Service", "services", "", short=("svc",), has_status=True, in_all=True)
ENDPOINTS = Kind("Endpoints", "endpoints", "", short=("ep",))
SLICE = Kind("EndpointSlice", "endpointslices", "discovery.k8s.io")
NODE = Kind("Node", "nodes", "", namespaced=False, short=("no",), has_status=True)
NAMESPACE = Kind("Namespace", "namespaces", "", namespaced=False, short=("ns",), has_status=True)
EVENT = Kind("Event", "events", "", short=("ev",))
CONFIG_MAP = Kind("ConfigMap", "configmaps", "", short=("cm",))
SECRET = Kind("Secret", "secrets", "")
SERVICE_ACCOUNT = Kind("ServiceAccount", "serviceaccounts", "", short=("sa",))
LEASE = Kind("Lease", "leases", "coordination.k8s.io")
BUDGET = Kind(
    "PodDisruptionBudget", "poddisruptionbudgets", "policy", ("v1", "v1beta1"), short=("pdb",), has_status=True
)

KINDS = (
    POD,
    DEPLOYMENT,
    REPLICA_SET,
    SERVICE,
    ENDPOINTS,
    SLICE,
    NODE,
    NAMESPACE,
    EVENT,
    CONFIG_MAP,
    SECRET,
    SERVICE_ACCOUNT,
    LEASE,
    BUDGET,
)
BY_PATH = {(kind.group, version, kind.plural): kind for kind in KINDS for version in kind.versions}
BY_NAME = {(kind.api_version(version), kind.name): kind for kind in KINDS for version in kind.versions}
GROUPS = {kind.group: kind.versions for kind in reversed(KINDS)}
REVIEW_GROUP = "authorization.k8s.io"


def resources(group: str, version: str) -> list[dict[str, Any]]:
    """The entries of an APIResourceList."""
    if group == REVIEW_GROUP:
        return [entry("selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False, verbs=["create"])]
    found = []
    for kind in KINDS:
        if kind.group == group and version in kind.versions:
            found += of_kind(kind)
    return found


def of_kind(kind: Kind) -> list[dict[str, Any]]:
    said = entry(kind.plural, kind.name, namespaced=kind.namespaced, verbs=VERBS)
    said |= {"shortNames": list(kind.short)} if kind.short else {}
    said |= {"categories": ["all"]} if kind.in_all else {}
    found = [said]
    changed = ["get", "patch", "update"]
    if kind.has_status:
        found.append(entry(f"{kind.plural}/status", kind.name, namespaced=kind.namespaced, verbs=changed))
    if kind.has_scale:
        found.append(entry(f"{kind.plural}/scale", "Scale", verbs=changed, group="autoscaling", version="v1"))
    if kind is POD:
        found.append(entry("pods/log", "Pod", verbs=["get"]))
        found.append(entry("pods/eviction", "Eviction", verbs=["create"], group="policy", version="v1"))
    return found


def entry(name: str, kind: str, *, namespaced: bool = True, verbs: list[str], **more: str) -> dict[str, Any]:
    singular = "" if "/" in name else kind.lower()
    return {"name": name, "singularName": singular, "namespaced": namespaced, "kind": kind, "verbs": verbs, **more}
