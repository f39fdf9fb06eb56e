"""What a cluster says of deployments and pods, through its own API and the contexts of KUBECONFIG.

Chaos Toolkit probes, also used by the actions and the run's observer. They report, they never judge.
"""

import functools
from typing import Any, NamedTuple

from firedrill.model.facts import NO, REDUNDANT, YES, Fact
from firedrill.model.target import Target

__all__ = ["ready_pods", "ready_replicas"]


class Pod(NamedTuple):
    """`owner`: the controller that replaces it, "" for a pod that nobody replaces."""

    name: str
    owner: str
    ready: bool


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


def deployments(context: str, namespace: str) -> dict[str, tuple[int, int]]:
    """Name -> (ready, wanted) replicas."""
    from kubernetes.client import AppsV1Api

    found = AppsV1Api(api_client(context)).list_namespaced_deployment(namespace)
    return {item.metadata.name: (item.status.ready_replicas or 0, item.spec.replicas) for item in found.items}


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
