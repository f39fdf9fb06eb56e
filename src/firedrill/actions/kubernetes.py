"""Kill pods or the one of them that leads, stop that one for a while, and roll a deployment over, all behind guards.

Never more than was asked for, never a pod that nobody replaces, and each by its name, so that what is noted is what was hit.
Killing is done by chaosk8s, which would kill the first pod of `default` when asked for nothing.
"""

import importlib
import random
import re
from typing import Any, NamedTuple

from firedrill.actions.stage import check_fault, heal, set_fault
from firedrill.actions.steps import FAULT, check_allowed, fault, refuse, step, wait_until
from firedrill.clock import stamp, utc_now
from firedrill.model.units import seconds
from firedrill.probes.kubernetes import Pod, api_client, pods, rollout_of

__all__ = ["kill_leader", "kill_pods", "pause_leader", "restart_rollout", "resume"]

RESTARTED = "kubectl.kubernetes.io/restartedAt"


class Leader(NamedTuple):
    """The pod that leads, and the context of its cluster."""

    context: str
    pod: Pod


def check_selector(context: str, selector: str, grace_s: int) -> None:
    """Before any cluster is asked: one that may be touched, and not everything in it."""
    check_allowed("kubernetes", context)
    if not selector.strip():
        raise refuse("the selector is empty: every pod would match", accepted="app=shop, or any label selector")
    if grace_s < 0:
        raise refuse(f"grace_s is {grace_s}", accepted="a grace from 0 seconds", change="the argument grace_s")


def check_kill(context: str, namespace: str, selector: str, number: int = 1, grace_s: int = 0) -> None:
    """The guard: so many ready pods match, and all of them have somebody who replaces them."""
    check_selector(context, selector, grace_s)
    if number < 1:
        raise refuse(f"number is {number}", accepted="a number from 1", change="the argument number")
    found = pods(context, namespace, selector)
    where = f"{selector!r} in {namespace} of {context}"
    if not found:
        raise refuse(f"no pod matches {where}", change="the selector, or the namespace")
    if orphans := [pod.name for pod in found if not pod.owner]:
        raise refuse(f"{orphans[0]} has no controller: nobody would replace it", change="a selector that leaves it out")
    ready = sum(pod.ready for pod in found)
    if ready < number:
        raise refuse(f"{ready} pods match {where} and are ready, {number} are to be killed", change="a smaller number")


@fault("self-heals", guard=check_kill)
def kill_pods(context: str, namespace: str, selector: str, number: int = 1, grace_s: int = 0) -> list[str]:
    """Kill `number` ready pods that match the label selector, at random; their names.

    `grace_s` 0 is a kill without warning; more gives them so many seconds after SIGTERM. Their controller replaces them, so it
    heals by itself. ActivityFailed when the guard objects or the cluster refuses.
    """
    chosen = random.sample([pod.name for pod in pods(context, namespace, selector) if pod.ready], number)
    terminate(context, namespace, selector, chosen, grace_s)
    return chosen


def terminate(context: str, namespace: str, selector: str, names: list[str], grace_s: int) -> None:
    from chaosk8s.pod.actions import terminate_pods

    name = f"kill {', '.join(names)} of {context}"
    with step(FAULT, name, on=f"kubernetes/{context}", reversibility="self-heals") as change:
        pattern = "|".join(re.escape(one) for one in names)
        terminate_pods(
            label_selector=selector,
            name_pattern=f"^({pattern})$",
            all=True,
            grace_period=grace_s,
            ns=namespace,
            secrets={"KUBERNETES_CONTEXT": context},
        )
        change.accepted()


def find_leader(contexts: list[str], namespace: str, selector: str, leader: str, asked: dict[str, Any]) -> Leader:
    """The one pod that leads now. Refused when nobody does, when more than one do, and when it is none of the pods that are meant."""
    names = who_leads(leader, asked)
    if len(names) != 1:
        said = f"more than one leads: {', '.join(names)}" if names else "nobody leads"
        raise refuse(f"{said}, by {leader} of {asked}", accepted="one leader", change="wait for one, or ask for less")
    where = f"{selector!r} in {namespace} of {', '.join(contexts)}"
    found = [
        Leader(context, pod) for context in contexts for pod in pods(context, namespace, selector) if pod.name in names
    ]
    if len(found) != 1:
        counted = "several pods" if found else "no pod"
        raise refuse(f"{names[0]} leads, and {counted} of that name match {where}", change="contexts, or the selector")
    return found[0]


def who_leads(leader: str, asked: dict[str, Any]) -> list[str]:
    """What the function `module.name` answers to these arguments: the names of the pods that lead."""
    module, _, name = leader.rpartition(".")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        accepted = "firedrill.probes.leader.of_lease or .on_page, or a function of yours on PYTHONPATH"
        raise refuse(f"{leader!r} is no function: {error}", accepted=accepted, change="the argument leader") from error
    try:
        return list(function(**asked))
    except Exception as error:
        raise refuse(f"who leads cannot be asked: {leader} of {asked}: {type(error).__name__}: {error}") from error


def check_kill_leader(
    contexts: list[str], namespace: str, selector: str, leader: str, asked: dict[str, Any], grace_s: int = 0
) -> None:
    """The guard: clusters that may be touched, one pod that leads, and somebody who replaces it."""
    for context in contexts:
        check_selector(context, selector, grace_s)
    found = find_leader(contexts, namespace, selector, leader, asked)
    if not found.pod.owner:
        raise refuse(f"{found.pod.name} leads and has no controller: nobody would replace it")


@fault("self-heals", guard=check_kill_leader)
def kill_leader(
    contexts: list[str], namespace: str, selector: str, leader: str, asked: dict[str, Any], grace_s: int = 0
) -> str:
    """Kill the pod that leads, in whichever of the clusters it is; its name.

    `leader` is a function that says which pods lead, and `asked` what it is asked: `firedrill.probes.leader.of_lease` or `.on_page`, or
    one of yours. `selector` says which pods may be hit at all. Else as `kill_pods`: another one leads soon, and the pod is replaced.
    """
    found = find_leader(contexts, namespace, selector, leader, asked)
    terminate(found.context, namespace, selector, [found.pod.name], grace_s)
    return found.pod.name


def check_pause_leader(contexts: list[str], namespace: str, selector: str, leader: str, asked: dict[str, Any]) -> None:
    """The guard: clusters of a rehearsal stage with nothing wrong in them, and one pod that leads."""
    for context in contexts:
        check_fault("kubernetes", context, {"paused": ["who leads"]})
        check_selector(context, selector, 0)
    find_leader(contexts, namespace, selector, leader, asked)


@fault("reversible", undo="firedrill.actions.kubernetes.resume", guard=check_pause_leader)
def pause_leader(contexts: list[str], namespace: str, selector: str, leader: str, asked: dict[str, Any]) -> str:
    """Stop the process of the pod that leads where it is (SIGSTOP), as a machine that hangs would; its name.

    It knows nothing of it, and goes on where it was when `resume` lets it: whatever took over meanwhile, it believes that it leads.
    On the rehearsal stage only: nobody outside can do that to a container of a real cluster. `leader`, `asked`: as of `kill_leader`.
    A liveness probe goes on asking and may restart the container first: the pause must be shorter than that.
    """
    found = find_leader(contexts, namespace, selector, leader, asked)
    set_fault("kubernetes", found.context, {"paused": [found.pod.name]})
    return found.pod.name


def resume(contexts: list[str]) -> list[str]:
    """Let everything that stands still in these clusters go on; the names. May be called again at any time."""
    return [name for context in contexts for name in heal("kubernetes", context).get("paused", [])]


def check_restart(context: str, namespace: str, deployment: str, within: str = "2m") -> None:
    """The guard: a cluster that may be touched, and a deployment with pods, which is not held back."""
    check_allowed("kubernetes", context)
    try:
        seconds(within)
    except ValueError as error:
        raise refuse(str(error), change="the argument within") from error
    found = rollout_of(context, namespace, deployment)
    where = f"deployment {deployment!r} in {namespace} of {context}"
    if found is None:
        raise refuse(f"there is no {where}", change="the argument deployment, or the namespace")
    if found.held or not found.wanted:
        what = "its rollout is paused" if found.held else "it has no replicas"
        raise refuse(f"{where} would not roll: {what}", change="kubectl rollout resume, or kubectl scale")


@fault("self-heals", guard=check_restart)
def restart_rollout(context: str, namespace: str, deployment: str, within: str = "2m") -> str:
    """Replace every pod of a deployment by a new one within its own limits, as `kubectl rollout restart` does; the moment that is noted there.

    Returns when all are new and available; ActivityFailed when they are not `within` (with a unit). There is nothing to undo: the
    template is as before, but for the annotation that kubectl would leave.
    """
    since, on = stamp(utc_now()), f"kubernetes/{context}/{deployment}"
    with step(FAULT, f"roll {deployment} of {context} over", on=on, reversibility="self-heals", planned=True) as change:
        annotate(context, namespace, deployment, {RESTARTED: since})
        change.accepted()
        wait_until(
            lambda: is_complete(context, namespace, deployment),
            seconds(within),
            f"not every pod of {deployment} is new and available",
        )
    return since


def is_complete(context: str, namespace: str, deployment: str) -> bool:
    found = rollout_of(context, namespace, deployment)
    return found is not None and found.complete


def annotate(context: str, namespace: str, deployment: str, notes: dict[str, str]) -> None:
    """Annotations of the template: another template, another revision."""
    from kubernetes.client import AppsV1Api

    body = {"spec": {"template": {"metadata": {"annotations": notes}}}}
    AppsV1Api(api_client(context)).patch_namespaced_deployment(deployment, namespace, body)
