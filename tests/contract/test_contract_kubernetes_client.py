"""The stage's Kubernetes through the official Python client, as it comes."""

import base64
import threading
from typing import Any

import pytest
from contract.kubernetes_process import (
    REGION,
    KubernetesProcess,
    ask_pod,
    budget,
    deployment,
    namespace,
    service,
    until,
)
from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException

NS = "by-client"


@pytest.fixture(scope="module")
def api(kubernetes: KubernetesProcess) -> Any:
    """A client of westeurope, with two pods of `web` that are ready behind a service and a budget."""
    things = (namespace(NS), deployment("web", NS), service("web", NS), budget("web", NS, minAvailable=2))
    assert "error" not in kubernetes.apply(*things)
    kubernetes.must("wait_ready", within_s=30)
    made = config.new_client_from_config(kubernetes.kubeconfig, context=REGION)
    yield made
    client.CoreV1Api(made).delete_namespace(NS)  # its budget would keep other tests from draining a node


@pytest.fixture(scope="module")
def core(api: Any) -> Any:
    return client.CoreV1Api(api)


@pytest.fixture(scope="module")
def apps(api: Any) -> Any:
    return client.AppsV1Api(api)


def code_of(call: Any, *args: Any, **more: Any) -> int:
    with pytest.raises(ApiException) as raised:
        call(*args, **more)
    return int(raised.value.status)


def full_again(apps: Any, replicas: int = 2) -> None:
    until(lambda: apps.read_namespaced_deployment("web", NS).status.available_replicas == replicas, 20, "at full count")


def test_lists_select_by_labels_and_fields_and_come_in_pages(core: Any) -> None:
    """Selectors narrow a list; limit and continue walk through all of it, each object once."""
    names = {pod.metadata.name for pod in core.list_namespaced_pod(NS, label_selector="app=web").items}
    assert len(names) == 2
    assert core.list_namespaced_pod(NS, label_selector="app notin (web)").items == []
    one = min(names)
    assert [pod.metadata.name for pod in core.list_namespaced_pod(NS, field_selector=f"metadata.name={one}").items] == [
        one
    ]
    node = core.read_namespaced_pod(one, NS).spec.node_name
    on_node = core.list_pod_for_all_namespaces(field_selector=f"spec.nodeName={node},status.phase=Running")
    assert one in {pod.metadata.name for pod in on_node.items}
    assert code_of(core.list_namespaced_pod, NS, field_selector="spec.colour=red") == 400
    first = core.list_namespaced_pod(NS, limit=1)
    rest = core.list_namespaced_pod(NS, limit=1, _continue=first.to_dict()["metadata"]["_continue"])
    assert {first.items[0].metadata.name, rest.items[0].metadata.name} == names


def test_nodes_are_named_like_a_scale_sets_instances_one_per_zone(core: Any) -> None:
    """Name, zone, region and provider id are what AKS shows."""
    nodes = core.list_node().items
    assert [node.metadata.name for node in nodes] == [f"aks-system-weu-vmss00000{n}" for n in range(3)]
    zones = [node.metadata.labels["topology.kubernetes.io/zone"] for node in nodes]
    assert sorted(zones) == ["westeurope-1", "westeurope-2", "westeurope-3"]
    assert nodes[2].spec.provider_id.endswith("/virtualMachineScaleSets/aks-system-weu-vmss/virtualMachines/2")
    assert all({c.type: c.status for c in node.status.conditions}["Ready"] == "True" for node in nodes)


def test_a_deleted_pod_is_watched_going_and_replaced(core: Any, apps: Any) -> None:
    """The watch tells of the end of one pod and of the birth and readiness of another."""
    pods = core.list_namespaced_pod(NS, label_selector="app=web")
    victim = pods.items[0].metadata
    seen: list[tuple[str, str]] = []
    asked = threading.Event()

    def follow() -> None:
        stream = watch.Watch()
        asked.set()
        version = pods.metadata.resource_version
        for event in stream.stream(core.list_namespaced_pod, NS, resource_version=version, timeout_seconds=20):
            pod = event["object"]
            seen.append((event["type"], pod.metadata.name))
            ready = any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])
            if pod.metadata.name not in before and ready and ("DELETED", victim.name) in seen:
                stream.stop()

    before = {pod.metadata.name for pod in pods.items}
    follower = threading.Thread(target=follow)
    follower.start()
    asked.wait(5)
    deleted = core.delete_namespaced_pod(victim.name, NS)
    assert deleted.metadata.deletion_timestamp is not None
    follower.join(25)
    assert not follower.is_alive()
    assert ("DELETED", victim.name) in seen
    assert any(type_ == "ADDED" and name not in before for type_, name in seen)
    full_again(apps)


def test_what_a_secret_is_given_plainly_is_read_encoded(core: Any) -> None:
    """`stringData` becomes `data`, in base64."""
    made = client.V1Secret(metadata=client.V1ObjectMeta(generate_name="plain-"), string_data={"n": "0"})
    name = core.create_namespaced_secret(NS, made).metadata.name
    assert base64.b64decode(core.read_namespaced_secret(name, NS).data["n"]) == b"0"
    core.delete_namespaced_secret(name, NS)
    assert code_of(core.read_namespaced_secret, name, NS) == 404


def test_scale_is_patched_and_read(core: Any, apps: Any) -> None:
    """The subresource changes the replicas, and pods follow both ways."""
    apps.patch_namespaced_deployment_scale("web", NS, {"spec": {"replicas": 3}})
    full_again(apps, 3)
    scale = apps.read_namespaced_deployment_scale("web", NS)
    assert (scale.spec.replicas, scale.status.selector) == (3, "app=web")
    scale.spec.replicas = 2
    apps.replace_namespaced_deployment_scale("web", NS, scale)
    full_again(apps)
    assert code_of(apps.replace_namespaced_deployment_scale, "web", NS, scale) == 409


def test_of_two_writers_of_a_lease_one_gets_a_conflict(api: Any) -> None:
    """Optimistic concurrency by resourceVersion: what leader election stands on."""
    leases = client.CoordinationV1Api(api)
    body = client.V1Lease(metadata=client.V1ObjectMeta(name="leader"), spec=client.V1LeaseSpec(holder_identity="a"))
    leases.create_namespaced_lease(NS, body)
    assert code_of(leases.create_namespaced_lease, NS, body) == 409
    mine, theirs = (leases.read_namespaced_lease("leader", NS) for _ in range(2))
    mine.spec.holder_identity, theirs.spec.holder_identity = "b", "c"
    leases.replace_namespaced_lease("leader", NS, mine)
    assert code_of(leases.replace_namespaced_lease, "leader", NS, theirs) == 409
    assert leases.read_namespaced_lease("leader", NS).spec.holder_identity == "b"


def test_eviction_asks_the_budget_and_deletion_does_not(core: Any, apps: Any) -> None:
    """With two of two needed an eviction is 429, and allowed with a third; a deletion asks nobody."""
    name = core.list_namespaced_pod(NS, label_selector="app=web").items[0].metadata.name
    eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name=name, namespace=NS))
    with pytest.raises(ApiException) as raised:
        core.create_namespaced_pod_eviction(name, NS, eviction)
    assert raised.value.status == 429
    assert "DisruptionBudget" in raised.value.body
    apps.patch_namespaced_deployment_scale("web", NS, {"spec": {"replicas": 3}})
    full_again(apps, 3)
    core.create_namespaced_pod_eviction(name, NS, eviction)
    until(lambda: code_of_read(core, name) == 404, 10, "evicted")
    full_again(apps, 3)
    core.delete_namespaced_pod(core.list_namespaced_pod(NS, label_selector="app=web").items[0].metadata.name, NS)
    apps.patch_namespaced_deployment_scale("web", NS, {"spec": {"replicas": 2}})
    full_again(apps)


def code_of_read(core: Any, name: str) -> int:
    try:
        core.read_namespaced_pod(name, NS)
    except ApiException as error:
        return int(error.status)
    return 200


def test_endpoints_lose_a_pod_before_its_process_ends(core: Any, apps: Any, kubernetes: KubernetesProcess) -> None:
    """Out of the endpoints when deletion begins: nobody is sent to a pod that is about to stop."""
    pod, ip, port = kubernetes.endpoints("web", NS)[0]
    assert ask_pod(ip, port, "GET", "/ready")[0] == 200
    core.delete_namespaced_pod(pod, NS)
    assert ip not in [address for _, address, _ in kubernetes.endpoints("web", NS)]
    subsets = core.read_namespaced_endpoints("web", NS).subsets or []
    assert ip not in [address.ip for subset in subsets for address in subset.addresses or []]
    full_again(apps)


def test_refusals_are_status_objects(core: Any, apps: Any) -> None:
    """404, 422 and 501 say what they mean, in the form that clients read."""
    assert code_of(core.read_namespaced_pod, "nobody", NS) == 404
    assert code_of(core.list_namespaced_pod, NS, label_selector="!!") == 400
    body = deployment("bad", NS)
    body["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    assert code_of(apps.create_namespaced_deployment, NS, body) == 422
    two = deployment("two", NS)
    two["spec"]["template"]["spec"]["containers"] *= 2
    assert code_of(apps.create_namespaced_deployment, NS, two) == 501
    assert code_of(core.create_namespaced_secret, "no-such-namespace", {"metadata": {"name": "x"}}) == 404
    assert code_of(client.BatchV1Api(core.api_client).list_namespaced_job, NS) == 404


def test_a_wrong_token_is_unauthorized(kubernetes: KubernetesProcess) -> None:
    """401 for who is not let in."""
    api = config.new_client_from_config(kubernetes.kubeconfig, context=REGION)
    keys = api.configuration.api_key
    keys.update(dict.fromkeys(keys, "Bearer wrong"))
    api.configuration.refresh_api_key_hook = None
    assert code_of(client.CoreV1Api(api).list_node) == 401
