"""Controllers on a clock that the test turns: rollouts, spreading, silent nodes, budgets, what belongs to what."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.azsim_kube.virtual_cluster import VirtualCluster

from azsim.kubernetes import changes, deletion, disruption, models
from azsim.kubernetes.deployments import bounds_of
from azsim.kubernetes.endpoints import Endpoint
from azsim.kubernetes.kinds import BUDGET, DEPLOYMENT, ENDPOINTS, NAMESPACE, NODE, POD, SECRET
from azsim.kubernetes.refusals import Refused
from azsim.kubernetes.store import Key
from azsim.kubernetes.timings import PROFILES


@pytest.fixture
def cluster(tmp_path: Path) -> VirtualCluster:
    return VirtualCluster(tmp_path)


def all_ready(cluster: VirtualCluster) -> None:
    cluster.run()
    for pod in cluster.active():
        cluster.become(pod, ready=True)
    cluster.run()


def zones(pods: list[Any]) -> Counter[str]:
    return Counter(pod["metadata"]["labels"]["topology.kubernetes.io/zone"] for pod in pods)


def test_pods_of_a_deployment_are_spread_over_the_zones(cluster: VirtualCluster) -> None:
    """Seven pods in three zones: three, two and two, however many pods of others are on one of the nodes."""
    busy = cluster.nodes.names()[0]
    for number in range(9):
        container = {"name": "other", "image": "other"}
        body = {"metadata": {"name": f"other-{number}"}, "spec": {"nodeName": busy, "containers": [container]}}
        changes.create(cluster.store, POD, "bank", body)
    cluster.deploy(7)
    cluster.run()
    ours = [pod for pod in cluster.pods() if models.controller_of(pod)]
    assert sorted(zones(ours).values()) == [2, 2, 3]


def test_a_cordoned_node_gets_no_pods_and_pods_wait_when_there_is_no_other(cluster: VirtualCluster) -> None:
    """Nothing is bound to it; without any node a pod is Pending, and bound as soon as there is one again."""
    for node in cluster.store.all(NODE):
        cluster.store.update(NODE, {**node, "spec": {**node["spec"], "unschedulable": True}})
    cluster.deploy(1)
    cluster.run()
    (pod,) = cluster.pods()
    assert "nodeName" not in pod["spec"]
    assert models.condition(pod, "PodScheduled")["reason"] == "Unschedulable"  # type: ignore[index]
    free = cluster.store.all(NODE)[1]
    cluster.store.update(NODE, {**free, "spec": {**free["spec"], "unschedulable": False}})
    cluster.run()
    assert cluster.pods()[0]["spec"]["nodeName"] == free["metadata"]["name"]


def test_a_deleted_pod_is_replaced_while_it_still_ends(cluster: VirtualCluster) -> None:
    """A pod that is ending does not count, and is not an endpoint any more."""
    cluster.serve()
    cluster.deploy(2)
    all_ready(cluster)
    heard: list[list[Endpoint]] = []
    cluster.endpoints.listen(lambda _namespace, _service, ready: heard.append(ready))
    victim = cluster.pods()[0]
    deletion.delete_pod(cluster.store, victim)
    cluster.run()
    assert len(cluster.pods()) == 3
    assert len(cluster.active()) == 2
    assert cluster.deployment()["status"]["replicas"] == 2
    assert [len(ready) for ready in heard] == [2, 1]
    assert victim["metadata"]["name"] not in [endpoint.pod for endpoint in heard[-1]]
    assert heard[-1][0].port == 8080
    assert len(cluster.store.get(ENDPOINTS, "bank", "web")["subsets"][0]["addresses"]) == 1


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_rolling_update_keeps_its_bounds_in_whatever_order_pods_move(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Never fewer available pods than minus maxUnavailable, never more pods than plus maxSurge; and it ends."""
    cluster = VirtualCluster(tmp_path_factory.mktemp("roll"))
    replicas = data.draw(st.integers(1, 6), "replicas")
    surge = data.draw(st.sampled_from([0, 1, 2, "25%", "50%"]), "surge")
    missing = data.draw(st.sampled_from([0, 1, 2, "25%", "34%"]), "unavailable")
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": missing}}
    cluster.deploy(replicas, strategy)
    all_ready(cluster)
    bounds = bounds_of(cluster.deploy(replicas, strategy, image="web:2"))
    for _ in range(200):
        cluster.run()
        assert len(cluster.ready()) >= bounds.least
        assert len(cluster.active()) <= bounds.most
        waiting = [pod for pod in cluster.active() if not models.is_ready(pod)]
        if not waiting:
            break
        cluster.become(data.draw(st.sampled_from(waiting), "next"), ready=True)
        if data.draw(st.booleans(), "ended"):
            cluster.finish_ending()
    images = {models.container_of(pod)["image"] for pod in cluster.active()}
    assert (images, len(cluster.ready())) == ({"web:2"}, replicas)
    assert cluster.deployment()["status"]["updatedReplicas"] == replicas


def test_an_update_that_never_becomes_ready_leaves_the_old_pods_serving(cluster: VirtualCluster) -> None:
    """With maxUnavailable 0 a bad template costs nothing; rolled back, the bad pods go."""
    careful = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    cluster.deploy(3, careful)
    all_ready(cluster)
    cluster.deploy(3, careful, image="bad:1")
    cluster.run(3600)
    assert len(cluster.ready()) == 3
    assert len(cluster.active()) == 4
    cluster.deploy(3, careful)
    cluster.run()
    assert {models.container_of(pod)["image"] for pod in cluster.active()} == {"web:1"}
    assert cluster.deployment()["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


def test_recreate_waits_until_all_old_pods_are_gone(cluster: VirtualCluster) -> None:
    """No new pod while one of the old template is still ending."""
    cluster.deploy(2, {"type": "Recreate"})
    all_ready(cluster)
    cluster.deploy(2, {"type": "Recreate"}, image="web:2")
    cluster.run()
    assert cluster.active() == []
    cluster.finish_ending()
    cluster.run()
    assert {models.container_of(pod)["image"] for pod in cluster.active()} == {"web:2"}


def test_a_pod_is_available_only_after_min_ready_seconds(cluster: VirtualCluster) -> None:
    """To the second, without anybody touching anything."""
    cluster.deploy(1, minReadySeconds=10)
    all_ready(cluster)
    cluster.run(9.9)
    assert cluster.deployment()["status"]["availableReplicas"] == 0
    cluster.run(0.2)
    assert cluster.deployment()["status"]["availableReplicas"] == 1


@pytest.mark.parametrize(("profile", "noticed_s", "evicted_s"), [("brisk", 0.5, 1.0), ("azure", 40.0, 300.0)])
def test_a_silent_node_is_noticed_and_then_its_pods_are_evicted(
    tmp_path: Path, profile: str, noticed_s: float, evicted_s: float
) -> None:
    """Exactly after the profile's times: NotReady and out of service, then evicted and replaced elsewhere."""
    cluster = VirtualCluster(tmp_path, PROFILES[profile])
    cluster.deploy(3)
    all_ready(cluster)
    name = cluster.pods()[0]["spec"]["nodeName"]
    cluster.nodes.switch(name, on=False)
    cluster.control.mark(cluster.nodes, Key(NODE, "", name))
    cluster.run(noticed_s - 0.1)
    assert len(cluster.ready()) == 3
    cluster.run(0.2)
    assert not models.is_true(cluster.store.get(NODE, "", name), "Ready")
    assert len(cluster.ready()) == 2
    cluster.run(evicted_s - 0.2)
    assert len(cluster.pods()) == 3
    cluster.run(0.2)
    assert len(cluster.pods()) == 4
    assert all(pod["spec"]["nodeName"] != name for pod in cluster.active())


def test_a_node_that_is_back_in_time_keeps_its_pods(cluster: VirtualCluster) -> None:
    """Nothing is evicted from it, however long one waits."""
    cluster.deploy(3)
    all_ready(cluster)
    name = cluster.pods()[0]["spec"]["nodeName"]
    cluster.nodes.switch(name, on=False)
    cluster.control.mark(cluster.nodes, Key(NODE, "", name))
    cluster.run(0.7)
    cluster.nodes.switch(name, on=True)
    cluster.run(3600)
    assert len(cluster.pods()) == len(cluster.active()) == 3


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [({"minAvailable": 2}, 1), ({"minAvailable": "50%"}, 1), ({"maxUnavailable": 1}, 1), ({"maxUnavailable": 0}, 0)],
)
def test_a_budget_allows_what_it_says(cluster: VirtualCluster, spec: dict[str, Any], allowed: int) -> None:
    """Counted over three ready pods; an eviction beyond it is 429 and changes nothing."""
    cluster.deploy(3)
    all_ready(cluster)
    body = {"metadata": {"name": "web"}, "spec": {**spec, "selector": {"matchLabels": {"app": "web"}}}}
    changes.create(cluster.store, BUDGET, "bank", body)
    cluster.run()
    assert cluster.store.get(BUDGET, "bank", "web")["status"]["disruptionsAllowed"] == allowed
    for pod in cluster.pods()[:allowed]:
        disruption.evict(cluster.store, pod, None, dry_run=False)
    version = cluster.store.version
    with pytest.raises(Refused) as refused:
        disruption.evict(cluster.store, cluster.ready()[-1], None, dry_run=False)
    assert (refused.value.code, cluster.store.version) == (429, version)


def test_what_belongs_to_something_deleted_goes_with_it_unless_it_is_left_behind(cluster: VirtualCluster) -> None:
    """Replica sets and pods follow their deployment; orphans stay."""
    cluster.deploy(2)
    all_ready(cluster)
    deletion.delete(cluster.store, DEPLOYMENT, cluster.deployment())
    cluster.run()
    assert cluster.replica_sets() == cluster.active() == []
    cluster.finish_ending()
    cluster.deploy(2)
    all_ready(cluster)
    deletion.delete(cluster.store, DEPLOYMENT, cluster.deployment(), orphan=True)
    cluster.run()
    assert (len(cluster.replica_sets()), len(cluster.active())) == (1, 2)


def test_a_namespace_ends_when_its_last_pod_does(cluster: VirtualCluster) -> None:
    """Terminating while a pod ends, closed to new content, then gone with everything."""
    changes.create(cluster.store, SECRET, "bank", {"metadata": {"name": "s"}})
    cluster.deploy(1)
    all_ready(cluster)
    deletion.delete(cluster.store, NAMESPACE, cluster.store.get(NAMESPACE, "", "bank"))
    cluster.run()
    assert cluster.store.get(NAMESPACE, "", "bank")["status"]["phase"] == "Terminating"
    with pytest.raises(Refused, match="being terminated"):
        changes.create(cluster.store, SECRET, "bank", {"metadata": {"name": "late"}})
    cluster.finish_ending()
    cluster.run()
    assert cluster.store.find(NAMESPACE, "", "bank") is None
    assert cluster.store.all(SECRET, "bank") == cluster.store.all(POD, "bank") == []


def test_scaling_down_gives_up_first_what_does_not_work(cluster: VirtualCluster) -> None:
    """Of three pods the one that is not ready goes."""
    cluster.deploy(3)
    all_ready(cluster)
    broken = cluster.pods()[1]
    cluster.become(broken, ready=False)
    cluster.deploy(2)
    cluster.run()
    assert len(cluster.ready()) == 2
    assert [pod["metadata"]["name"] for pod in cluster.pods() if models.is_ending(pod)] == [broken["metadata"]["name"]]


def test_an_idle_cluster_does_nothing(cluster: VirtualCluster) -> None:
    """No timer runs and no object changes while nothing happens."""
    cluster.deploy(3)
    all_ready(cluster)
    version = cluster.store.version
    cluster.run(86_400)
    assert cluster.store.version == version
