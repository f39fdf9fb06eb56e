"""What a cluster says of deployments and pods, through its own API and the contexts of KUBECONFIG.

Chaos Toolkit probes, also used by the actions and the run's observer. They report, they never judge.
"""

import functools
from typing import Any, NamedTuple

from firedrill.model.facts import NO, REDUNDANT, YES, Fact
from firedrill.model.target import Target

__all__ = ["missing_pods", "ready_pods", "ready_replicas"]


class Pod(NamedTuple):
    """`owner`: the controller that replaces it, "" for a pod that nobody replaces."""

    name: str
    owner: str
    ready: bool


class Rollout(NamedTuple):
    """`held`: changes of the template are not followed. `complete`: all pods are of the present template, and available."""

    wanted: int
    held: bool
    complete: bool


@functools.cache
def api_client(context: str) -> Any:
    """Of one context; KUBECONFIG must be set before this is called, since the library reads it once."""
    from kubernetes import config

    return config.new_client_from_config(context=context)


def pods(context: str, namespace: str, selector: str) -> list[Pod]:
    """Those that are not on their way out."""
    from kubernetes.client import CoreV1Api

    found = CoreV1Api(api_client(context)).list_namespaced_pod(namespace, label_selector=selector)
    return [pod_of(item) for item in found.items if item.metadata.deletion_timestamp is None]


def pod_of(item: Any) -> Pod:
    owners = [one.name for one in item.metadata.owner_references or [] if one.controller]
    conditions = {one.type: one.status for one in item.status.conditions or []}
    return Pod(item.metadata.name, owners[0] if owners else "", conditions.get("Ready") == "True")


def list_deployments(context: str, namespace: str) -> list[Any]:
    from kubernetes.client import AppsV1Api

    return list(AppsV1Api(api_client(context)).list_namespaced_deployment(namespace).items)


def deployments(context: str, namespace: str) -> dict[str, tuple[int, int]]:
    """Name -> (ready, wanted) replicas."""
    found = list_deployments(context, namespace)
    return {item.metadata.name: (item.status.ready_replicas or 0, item.spec.replicas) for item in found}


def rollout_of(context: str, namespace: str, deployment: str) -> Rollout | None:
    """How far a deployment is with its present template, as `kubectl rollout status` sees it; None: there is none of that name."""
    found = (item for item in list_deployments(context, namespace) if item.metadata.name == deployment)
    return next((read_rollout(item) for item in found), None)


def read_rollout(item: Any) -> Rollout:
    status, wanted = item.status, item.spec.replicas
    seen = (status.observed_generation or 0) >= item.metadata.generation
    counts = {status.replicas or 0, status.updated_replicas or 0, status.available_replicas or 0}
    return Rollout(wanted, bool(item.spec.paused), complete=seen and counts == {wanted})


def facts(target: Target) -> list[Fact]:
    """Ready of wanted replicas per deployment and region; redundant when none is missing."""
    return [fact for side in sides(target) for fact in facts_of(side, target.kubernetes.namespace)]  # type: ignore[union-attr]


def sides(target: Target) -> list[str]:
    return [target.kubernetes.first, target.kubernetes.second] if target.kubernetes else []


def facts_of(context: str, namespace: str) -> list[Fact]:
    found = deployments(context, namespace)
    whole = all(ready >= wanted for ready, wanted in found.values())
    counts: list[Fact] = [
        (f"{context}/{name}", "ready", f"{ready} of {wanted}") for name, (ready, wanted) in found.items()
    ]
    return [*counts, (context, REDUNDANT, YES if whole else NO)]


def ready_pods(context: str, namespace: str, selector: str) -> int:
    """How many pods that match the selector are ready."""
    return sum(pod.ready for pod in pods(context, namespace, selector))


def ready_replicas(context: str, namespace: str, deployment: str) -> int:
    """Ready replicas of a deployment; 0 when there is no such deployment."""
    return deployments(context, namespace).get(deployment, (0, 0))[0]


def missing_pods(context: str, namespace: str) -> int:
    """How many pods the deployments of a namespace want and do not have ready; 0 when everything is there."""
    return sum(max(0, wanted - ready) for ready, wanted in deployments(context, namespace).values())
