"""Kill pods, by chaosk8s, behind guards: it would kill the first pod of `default` when asked for nothing.

Never more than was asked for, never a pod that nobody replaces, and each by its name, so that what is noted is what was killed.
"""

import random
import re

from firedrill.actions.steps import FAULT, check_allowed, fault, refuse, step
from firedrill.probes.kubernetes import pods

__all__ = ["kill_pods"]


def check_kill(context: str, namespace: str, selector: str, number: int = 1, grace_s: int = 0) -> None:
    """The guard: so many ready pods match, and all of them have somebody who replaces them."""
    check_allowed("kubernetes", context)
    if not selector.strip():
        raise refuse("the selector is empty: every pod would match", accepted="app=shop, or any label selector")
    if number < 1 or grace_s < 0:
        raise refuse(f"number {number}, grace_s {grace_s}", accepted="a number from 1, a grace from 0 seconds")
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
    from chaosk8s.pod.actions import terminate_pods

    chosen = random.sample([pod.name for pod in pods(context, namespace, selector) if pod.ready], number)
    name = f"kill {', '.join(chosen)} of {context}"
    with step(FAULT, name, on=f"kubernetes/{context}", reversibility="self-heals") as change:
        pattern = "|".join(re.escape(one) for one in chosen)
        terminate_pods(
            label_selector=selector,
            name_pattern=f"^({pattern})$",
            all=True,
            grace_period=grace_s,
            ns=namespace,
            secrets={"KUBERNETES_CONTEXT": context},
        )
        change.accepted()
    return chosen
