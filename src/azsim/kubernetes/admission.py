"""What happens to an object before it is stored: defaults as Kubernetes sets them, and a refusal of what cannot work.

What Kubernetes can do and the stage cannot (a second container, volumes that hold files, finalizers) is refused here, so
that a manifest never seems to work while half of it is ignored.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from azsim.kubernetes import models, refusals
from azsim.kubernetes.kinds import BUDGET, DEPLOYMENT, POD, REPLICA_SET, SERVICE, Kind
from azsim.kubernetes.selectors import selects
from azsim.kubernetes.store import Object

NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
PROBE_DEFAULTS = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
HANDLERS = ("httpGet", "tcpSocket", "exec")
REQUIRED = "Required value"


def admitted(kind: Kind, thing: Object) -> Object:
    """The object as it is stored; Refused when it is invalid or not emulated."""
    name = thing["metadata"].get("name") or ""
    if not NAME.fullmatch(name):
        raise refusals.invalid(kind, name, "metadata.name", f"Invalid value: {name!r}: a lowercase RFC 1123 name")
    if thing["metadata"].get("finalizers"):
        raise refusals.not_emulated("finalizers")
    admit = ADMISSIONS.get(kind)
    return admit(kind, name, thing) if admit else thing


def admit_pod(kind: Kind, name: str, thing: Object) -> Object:
    return {**thing, "spec": pod_spec(kind, name, "spec", thing.get("spec") or {})}


def admit_deployment(kind: Kind, name: str, thing: Object) -> Object:
    spec = replicated(kind, name, thing)
    rolling = spec.get("strategy", {}).get("rollingUpdate") or {}
    strategy: Object = {"type": "RollingUpdate", **(spec.get("strategy") or {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxSurge": "25%", "maxUnavailable": "25%", **rolling}
    elif strategy["type"] != "Recreate":
        raise refusals.invalid(kind, name, "spec.strategy.type", f"Unsupported value: {strategy['type']!r}")
    limits = {"revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
    return {**thing, "spec": {**limits, **spec, "strategy": strategy}}


def admit_replica_set(kind: Kind, name: str, thing: Object) -> Object:
    return {**thing, "spec": replicated(kind, name, thing)}


def replicated(kind: Kind, name: str, thing: Object) -> Object:
    """Replicas, a selector, and a template that the selector selects."""
    spec: Object = {"replicas": 1, **(thing.get("spec") or {})}
    if not isinstance(spec["replicas"], int) or spec["replicas"] < 0:
        raise refusals.invalid(kind, name, "spec.replicas", "must be an integer that is not negative")
    template: Object = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not spec.get("selector"):
        raise refusals.invalid(kind, name, "spec.selector", REQUIRED)
    if not selects(spec["selector"], labels):
        raise refusals.invalid(
            kind, name, "spec.template.metadata.labels", "`selector` does not match template `labels`"
        )
    inner = pod_spec(kind, name, "spec.template.spec", template.get("spec") or {})
    return {**spec, "template": {**template, "spec": inner}}


def pod_spec(kind: Kind, name: str, where: str, spec: Object) -> Object:
    containers = spec.get("containers") or []
    if not containers:
        raise refusals.invalid(kind, name, f"{where}.containers", REQUIRED)
    if len(containers) > 1 or spec.get("initContainers"):
        raise refusals.not_emulated(f"more than one container in a pod, or init containers ({kind.name} {name!r})")
    for volume in spec.get("volumes") or []:
        if "emptyDir" not in volume:
            raise refusals.not_emulated(f"volumes other than emptyDir ({kind.name} {name!r}: {volume.get('name')!r})")
    defaults = {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "securityContext": {},
    }
    made = container(kind, name, f"{where}.containers[0]", containers[0])
    return {**defaults, **spec, "containers": [made]}


def container(kind: Kind, name: str, where: str, said: Object) -> Object:
    for field in ("name", "image"):
        if not said.get(field):
            raise refusals.invalid(kind, name, f"{where}.{field}", REQUIRED)
    defaults = {"resources": {}, "imagePullPolicy": "IfNotPresent", "terminationMessagePolicy": "File"}
    made: Object = {**defaults, **said}
    for port in said.get("ports") or []:
        if not isinstance(port.get("containerPort"), int):
            raise refusals.invalid(kind, name, f"{where}.ports.containerPort", REQUIRED)
    if "ports" in made:
        made["ports"] = [{"protocol": "TCP", **port} for port in made["ports"] or []]
    for probe in PROBES:
        if made.get(probe):
            made[probe] = probe_of(kind, name, f"{where}.{probe}", made[probe])
    return made


def probe_of(kind: Kind, name: str, where: str, said: Object) -> Object:
    if sum(handler in said for handler in HANDLERS) != 1:
        what = f"a probe that is not one of {', '.join(HANDLERS)} ({kind.name} {name!r}, {where})"
        raise refusals.not_emulated(what)
    made: Object = {**PROBE_DEFAULTS, **said}
    if "httpGet" in made:
        made["httpGet"] = {"path": "/", "scheme": "HTTP", **made["httpGet"]}
        if made["httpGet"]["scheme"] != "HTTP":
            raise refusals.not_emulated(f"probes over TLS ({kind.name} {name!r}, {where})")
    return made


def admit_service(kind: Kind, name: str, thing: Object) -> Object:
    """Nothing answers at a cluster IP here, so none is given: every service is a headless one."""
    spec: Object = {"type": "ClusterIP", "sessionAffinity": "None", **(thing.get("spec") or {})}
    ports = spec.get("ports") or []
    if any(not isinstance(port.get("port"), int) for port in ports):
        raise refusals.invalid(kind, name, "spec.ports[0].port", REQUIRED)
    spec["ports"] = [{"protocol": "TCP", "targetPort": port["port"], **port} for port in ports]
    return {**thing, "spec": {**spec, "clusterIP": "None", "clusterIPs": ["None"]}, "status": {"loadBalancer": {}}}


def admit_budget(kind: Kind, name: str, thing: Object) -> Object:
    spec = thing.get("spec") or {}
    if ("minAvailable" in spec) == ("maxUnavailable" in spec):
        raise refusals.invalid(kind, name, "spec", "minAvailable and maxUnavailable: give one of them")
    return thing


ADMISSIONS: dict[Kind, Callable[[Kind, str, Object], Object]] = {
    POD: admit_pod,
    DEPLOYMENT: admit_deployment,
    REPLICA_SET: admit_replica_set,
    SERVICE: admit_service,
    BUDGET: admit_budget,
}


def check_change(kind: Kind, before: Object, after: Object) -> None:
    """Refused (422) when a field changed that may not."""
    name = before["metadata"]["name"]
    for field in fixed_fields(kind):
        if before["spec"].get(field) != after["spec"].get(field):
            raise refusals.invalid(kind, name, f"spec.{field}", "field is immutable")
    if kind is POD and without_images(before) != without_images(after):
        why = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`"
        raise refusals.invalid(kind, name, "spec", why)


def fixed_fields(kind: Kind) -> Iterable[str]:
    return ("selector",) if kind in (DEPLOYMENT, REPLICA_SET) else ()


def without_images(pod: Object) -> Any:
    """A pod's spec without what may change; where it runs is written once, by the scheduler."""
    made = {**models.container_of(pod), "image": ""}
    return {**pod["spec"], "containers": [made], "tolerations": None, "activeDeadlineSeconds": None}
