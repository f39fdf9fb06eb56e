"""PodDisruptionBudgets: how many pods may be evicted now. They guard evictions only; a deletion asks nobody."""

from collections.abc import Iterable

from azsim.kubernetes import models, refusals
from azsim.kubernetes.deletion import delete_pod
from azsim.kubernetes.kinds import BUDGET, DEPLOYMENT, POD, REPLICA_SET, Kind
from azsim.kubernetes.selectors import labels_of, selects
from azsim.kubernetes.store import Change, Key, Object, Store


class Budgets:
    """The controller that keeps the status of each budget."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def concerned(self, change: Change) -> Iterable[Key]:
        if change.key.kind is BUDGET and change.type != "DELETED":
            yield change.key
        elif change.key.kind in (POD, REPLICA_SET, DEPLOYMENT):
            for budget in self._store.all(BUDGET, change.key.namespace):
                yield Key(BUDGET, change.key.namespace, budget["metadata"]["name"])

    def look(self, key: Key) -> float | None:
        budget = self._store.find(*key)
        if budget is not None:
            status = status_of(self._store, budget)
            models.set_status(self._store, BUDGET, budget, **status)
        return None


def status_of(store: Store, budget: Object) -> dict[str, int]:
    pods = [pod for pod in store.all(POD, budget["metadata"]["namespace"]) if guards(budget, pod)]
    active = [pod for pod in pods if models.is_active(pod)]
    healthy = sum(models.is_ready(pod) for pod in active)
    expected, least = expectation(store, budget["spec"], active)
    return {
        "currentHealthy": healthy,
        "desiredHealthy": least,
        "expectedPods": expected,
        "disruptionsAllowed": max(0, healthy - least) if expected else 0,
        "observedGeneration": budget["metadata"]["generation"],
    }


def guards(budget: Object, pod: Object) -> bool:
    return selects(budget["spec"].get("selector"), labels_of(pod))


def expectation(store: Store, spec: Object, pods: list[Object]) -> tuple[int, int]:
    """How many pods there should be, and how many of them must be healthy."""
    if isinstance(spec.get("minAvailable"), int):
        return len(pods), spec["minAvailable"]
    expected = wanted(store, pods)
    if "minAvailable" in spec:
        return expected, models.resolve(spec["minAvailable"], expected, up=True)
    return expected, max(0, expected - models.resolve(spec["maxUnavailable"], expected, up=True))


def wanted(store: Store, pods: list[Object]) -> int:
    """The sum of the scales of what controls the pods, each counted once."""
    scales: dict[str, int] = {}
    for pod in pods:
        kind, owner = top_owner(store, pod)
        scales[owner["metadata"]["uid"]] = 1 if kind is POD else owner["spec"]["replicas"]
    return sum(scales.values())


def top_owner(store: Store, pod: Object) -> tuple[Kind, Object]:
    kind, thing = POD, pod
    for above in (REPLICA_SET, DEPLOYMENT):
        owner = models.controller_of(thing) or {}
        found = store.find(above, thing["metadata"]["namespace"], owner.get("name", ""))
        if found is not None:
            kind, thing = above, found
    return kind, thing


def evict(store: Store, pod: Object, grace_s: int | None, *, dry_run: bool) -> None:
    """Delete a pod if every budget that guards it allows; Refused (429) otherwise."""
    metadata = pod["metadata"]
    budgets = [budget for budget in store.all(BUDGET, metadata["namespace"]) if guards(budget, pod)]
    for budget in budgets if models.is_active(pod) and models.is_ready(pod) else []:
        status = status_of(store, budget)
        if status["disruptionsAllowed"] < 1:
            raise violated(budget, status)
    if not dry_run:
        delete_pod(store, pod, grace_s)


def violated(budget: Object, status: dict[str, int]) -> refusals.Refused:
    needs = f"needs {status['desiredHealthy']} healthy pods and has {status['currentHealthy']} currently"
    why = f"The disruption budget {budget['metadata']['name']} {needs}"
    said = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    return refusals.Refused(429, "TooManyRequests", message, said)
