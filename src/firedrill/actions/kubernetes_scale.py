"""How many pods a deployment has: none of them is how a whole part of a system falls silent, in an orderly way.

Through the cluster's own API, so it works on AKS as it does here. A HorizontalPodAutoscaler on the deployment would undo it.
"""

from firedrill.actions.steps import (
    FAULT,
    UNDO,
    Step,
    check_allowed,
    fault,
    not_needed,
    observed,
    refuse,
    step,
    wait_until,
)
from firedrill.model.facts import NO, REDUNDANT, YES
from firedrill.model.units import seconds
from firedrill.probes.kubernetes import api_client, deployments

__all__ = ["restore_replicas", "scale_deployment"]


def check_scale(context: str, namespace: str, deployment: str, replicas: int = 0) -> None:
    """The guard: a cluster that may be touched, and a deployment that has pods, more than are to be left."""
    check_allowed("kubernetes", context)
    found = deployments(context, namespace)
    where = f"{namespace} of {context}"
    if deployment not in found:
        known = ", ".join(found) or "none: the namespace has no deployments"
        raise refuse(f"there is no deployment {deployment!r} in {where}", accepted=known, change="name one of those")
    wanted = found[deployment][1]
    if wanted < 1:
        raise refuse(
            f"{deployment} in {where} has no replicas already",
            change="firedrill.actions.kubernetes_scale.restore_replicas first",
        )
    if not 0 <= replicas < wanted:
        raise refuse(
            f"{replicas} replicas of {deployment} in {where}, which has {wanted}", accepted=f"0 to {wanted - 1}"
        )


@fault("reversible", undo="firedrill.actions.kubernetes_scale.restore_replicas", guard=check_scale)
def scale_deployment(context: str, namespace: str, deployment: str, replicas: int = 0) -> int:
    """Leave a deployment fewer pods, or none: those that go are asked to end (SIGTERM) and have their grace.

    How many it had. ActivityFailed when the cluster refuses. Undone in full by `restore_replicas`.
    """
    had = deployments(context, namespace)[deployment][1]
    with step(FAULT, f"scale {deployment} of {context} to {replicas}", on=f"kubernetes/{context}") as change:
        put_replicas(change, context, namespace, deployment, replicas)
    observed(f"{context}/{deployment}", REDUNDANT, NO)
    return had


def restore_replicas(context: str, namespace: str, deployment: str, replicas: int, within: str = "3m") -> int:
    """Give a deployment its pods back and wait until all are ready; how many. Reads the real state first and may be called again at any time."""
    name, whole = f"scale {deployment} of {context} to {replicas}", (replicas, replicas)
    if deployments(context, namespace)[deployment] == whole:
        not_needed(name, "all are ready")
    else:
        with step(UNDO, name, on=f"kubernetes/{context}") as change:
            put_replicas(change, context, namespace, deployment, replicas)
            wait_until(
                lambda: deployments(context, namespace)[deployment] == whole,
                seconds(within),
                f"{deployment} of {context} has not got its {replicas} ready pods",
            )
    observed(f"{context}/{deployment}", REDUNDANT, YES)
    return replicas


def put_replicas(change: Step, context: str, namespace: str, deployment: str, replicas: int) -> None:
    """The Scale of the deployment, which is all that this touches of it."""
    from kubernetes.client import AppsV1Api

    body = {"spec": {"replicas": replicas}}
    AppsV1Api(api_client(context)).patch_namespaced_deployment_scale(deployment, namespace, body)
    change.accepted()
