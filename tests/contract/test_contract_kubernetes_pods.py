"""What a pod is on the stage: a process with an address, an environment, probes, a back-off, a machine under it."""

import os
from typing import Any

import psutil
import pytest
from contract.kubernetes_process import (
    OTHER,
    REGION,
    KubernetesProcess,
    ask_pod,
    deployment,
    namespace,
    service,
    until,
)
from kubernetes import client, config

NS = "by-life"
FAST = {"periodSeconds": 1, "failureThreshold": 1}


@pytest.fixture(scope="module")
def core(kubernetes: KubernetesProcess) -> Any:
    assert "error" not in kubernetes.apply(namespace(NS))
    return client.CoreV1Api(config.new_client_from_config(kubernetes.kubeconfig, context=REGION))


@pytest.fixture
def gone(kubernetes: KubernetesProcess, core: Any) -> Any:
    """Deletes the deployment `name` of both regions at the end of a test."""
    names: list[str] = []
    yield names.append
    for context in (REGION, OTHER):
        apps = client.AppsV1Api(config.new_client_from_config(kubernetes.kubeconfig, context=context))
        for name in names:
            apps.delete_namespaced_deployment(name, NS)


def running(kubernetes: KubernetesProcess, gone: Any, name: str, **more: Any) -> list[tuple[str, str, int]]:
    """Apply a deployment with its service, wait, and say where its pods listen."""
    gone(name)
    assert "error" not in kubernetes.apply(deployment(name, NS, **more), service(name, NS))
    kubernetes.must("wait_ready", within_s=30)
    return kubernetes.endpoints(name, NS)


def state_of(core: Any, name: str) -> Any:
    return core.read_namespaced_pod(name, NS).status.container_statuses[0]


def pods_of(core: Any, app: str) -> list[Any]:
    return list(core.list_namespaced_pod(NS, label_selector=f"app={app}").items)


def test_a_pod_is_told_what_its_manifest_says(kubernetes: KubernetesProcess, core: Any, gone: Any) -> None:
    """Fields, Secrets, ConfigMaps and plain values; args; optional ones that are not there are left out."""
    kubernetes.must("config", namespace=NS, name="told", data={"FROM_ALL": "all", "key": "chosen"})
    reference = {"name": "told", "key": "key"}
    env = [
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": reference}},
        {"name": "CONFIG", "valueFrom": {"configMapKeyRef": reference}},
        {"name": "ABSENT", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "x", "optional": True}}},
        {"name": "JOINED", "value": "$(SECRET)-$(NOT_SET)-$$(SECRET)"},
    ]
    sources = [{"secretRef": {"name": "told"}}, {"configMapRef": {"name": "none", "optional": True}}]
    resources = {"requests": {"cpu": "100m"}}
    container = {"envFrom": sources, "args": ["--one", "two"], "command": ["/ignored"], "resources": resources}
    pod, ip, port = running(kubernetes, gone, "told", env=env, container=container, replicas=1)[0]
    about = ask_pod(ip, port, "GET", "/about")[1]
    told = about["env"]
    assert (told["POD_IP"], told["PORT"], told["HOSTNAME"], told["TOLD"]) == (ip, "8080", pod, "by the stage")
    assert told["NODE"] == core.read_namespaced_pod(pod, NS).spec.node_name
    assert (told["SECRET"], told["CONFIG"], told["FROM_ALL"]) == ("chosen", "chosen", "all")
    assert told["JOINED"] == "chosen-$(NOT_SET)-$(SECRET)"
    assert "ABSENT" not in told
    assert about["args"] == ["--one", "two"]
    assert about["nice"] == os.nice(0) + 5


def test_readiness_takes_a_pod_out_and_puts_it_back(kubernetes: KubernetesProcess, core: Any, gone: Any) -> None:
    """Asked for real: the pod that says 503 is not an endpoint until it says 200 again."""
    both = running(kubernetes, gone, "moody")
    _, ip, port = both[0]
    ask_pod(ip, port, "POST", "/ready/503")
    until(lambda: len(kubernetes.endpoints("moody", NS)) == 1, 10, "out")
    assert kubernetes.endpoints("moody", NS) == [both[1]]
    ask_pod(ip, port, "POST", "/ready/200")
    until(lambda: sorted(kubernetes.endpoints("moody", NS)) == sorted(both), 10, "back")
    assert [state_of(core, pod).restart_count for pod, _, _ in both] == [0, 0]


def test_a_killed_container_is_restarted_in_place(kubernetes: KubernetesProcess, core: Any, gone: Any) -> None:
    """Same pod, same address, one restart more, and the signal of its last run is told."""
    pod, ip, port = running(kubernetes, gone, "mortal", replicas=1)[0]
    psutil.Process(kubernetes.pods()[pod]["pid"]).kill()
    until(lambda: state_of(core, pod).restart_count == 1 and state_of(core, pod).ready, 15, "restarted")
    last = state_of(core, pod).last_state.terminated
    assert (last.exit_code, last.signal, last.reason) == (137, 9, "Error")
    assert kubernetes.endpoints("mortal", NS) == [(pod, ip, port)]
    assert "listens" in core.read_namespaced_pod_log(pod, NS, previous=True)


def test_liveness_restarts_and_startup_holds_it_back(kubernetes: KubernetesProcess, core: Any, gone: Any) -> None:
    """A container whose liveness fails is ended and started again."""
    live = {"httpGet": {"path": "/live", "port": 8080}, **FAST}
    container = {"livenessProbe": live, "startupProbe": {**live, "failureThreshold": 20}}
    pod, ip, port = running(kubernetes, gone, "living", replicas=1, container=container)[0]
    ask_pod(ip, port, "POST", "/live/500")
    until(lambda: state_of(core, pod).restart_count == 1 and state_of(core, pod).ready, 15, "restarted")
    assert state_of(core, pod).last_state.terminated.signal == 15
    events = core.list_namespaced_event(NS, field_selector=f"involvedObject.name={pod},reason=Unhealthy").items
    assert any("Liveness probe failed" in event.message for event in events)


def test_a_deaf_pod_gets_its_grace_and_then_sigkill(kubernetes: KubernetesProcess, core: Any, gone: Any) -> None:
    """SIGTERM is ignored, so the process is there until the grace is over; with grace 0 it is gone at once."""
    container = {"args": ["--deaf"]}
    two = running(kubernetes, gone, "deaf", container=container, spec={"terminationGracePeriodSeconds": 600})
    processes = [psutil.Process(kubernetes.pods()[pod]["pid"]) for pod, _, _ in two]
    core.delete_namespaced_pod(two[0][0], NS)
    assert core.read_namespaced_pod(two[0][0], NS).metadata.deletion_grace_period_seconds == 600
    assert processes[0].is_running()
    core.delete_namespaced_pod(two[0][0], NS, grace_period_seconds=1)
    core.delete_namespaced_pod(two[1][0], NS, grace_period_seconds=0)
    for process in processes:
        process.wait(15)


def test_an_image_without_a_command_fails_the_wait_at_once(kubernetes: KubernetesProcess, core: Any, gone: Any) -> None:
    """ErrImagePull as Kubernetes shows it, and an error that names the images that the stage knows."""
    gone("unknown")
    kubernetes.apply(deployment("unknown", NS, container={"image": "nobody/knows:1"}))
    said = kubernetes.order("wait_ready", within_s=60)
    assert "no command for image 'nobody/knows:1'" in said["error"]
    assert "registry.test:5000/pod" in said["error"]
    until(lambda: pods_of(core, "unknown")[0].status.container_statuses, 5, "reported")
    reasons = {state_of(core, pod.metadata.name).state.waiting.reason for pod in pods_of(core, "unknown")}
    assert reasons <= {"ErrImagePull", "ImagePullBackOff"}


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"args": ["--fail"]}, "this pod was told to fail"),
        ({"image": "nothing-there"}, "cannot start /no/such/program"),
    ],
    ids=["exits", "cannot start"],
)
def test_a_pod_that_never_becomes_ready_fails_the_wait_with_its_last_words(
    kubernetes: KubernetesProcess, gone: Any, container: dict[str, Any], words: str
) -> None:
    """Three ends without having been ready once are enough; nobody waits for the whole time."""
    gone("failing")
    kubernetes.apply(deployment("failing", NS, container=container, replicas=1))
    error = kubernetes.order("wait_ready", within_s=60)["error"]
    assert words in error
    assert "ended 3 times before it was ready" in error


def test_what_refers_to_nothing_waits_until_it_is_there(kubernetes: KubernetesProcess, core: Any, gone: Any) -> None:
    """CreateContainerConfigError, until the Secret is made."""
    gone("early")
    kubernetes.apply(deployment("early", NS, replicas=1, container={"envFrom": [{"secretRef": {"name": "late"}}]}))
    pod = until(lambda: pods_of(core, "early"), 5, "made")[0].metadata.name
    until(lambda: core.read_namespaced_pod(pod, NS).status.container_statuses, 5, "reported")
    assert state_of(core, pod).state.waiting.reason == "CreateContainerConfigError"
    error = kubernetes.order("wait_ready", within_s=0.2)["error"]
    assert 'secret "late" not found' in error
    kubernetes.must("config", namespace=NS, name="late", data={"a": "b"})
    kubernetes.must("wait_ready", within_s=30)


def test_a_machine_that_is_off_loses_its_pods_to_others_and_comes_back(
    kubernetes: KubernetesProcess, core: Any, gone: Any
) -> None:
    """Its processes die at once; the node is NotReady, its pods evicted and replaced elsewhere; then it is back."""
    three = running(kubernetes, gone, "placed", replicas=3)
    places = {pod: core.read_namespaced_pod(pod, NS).spec.node_name for pod, _, _ in three}
    assert len(set(places.values())) == 3
    victim, node = next(iter(places.items()))
    process = psutil.Process(kubernetes.pods()[victim]["pid"])
    kubernetes.must("power_off", region=REGION, node=node)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    until(lambda: len([n for n in kubernetes.ready_pods("placed") if n != victim]) == 3, 20, "replaced")
    conditions = core.read_node(node).status.conditions
    assert {c.type: c.status for c in conditions}["Ready"] == "Unknown"
    kubernetes.must("power_on", region=REGION, node=node)
    until(lambda: victim not in kubernetes.pods(), 10, "cleaned up")
    assert {c.type: c.status for c in core.read_node(node).status.conditions}["Ready"] == "True"


def test_a_machine_that_restarts_quickly_starts_its_pods_again(
    kubernetes: KubernetesProcess, core: Any, gone: Any
) -> None:
    """Back before its pods were evicted: the same pods, restarted once."""
    pod, _, _ = running(kubernetes, gone, "booted", replicas=1)[0]
    node = core.read_namespaced_pod(pod, NS).spec.node_name
    kubernetes.must("power_off", region=REGION, node=node)
    kubernetes.must("power_on", region=REGION, node=node)
    until(lambda: pod in kubernetes.ready_pods("booted"), 15, "ready again")
    assert state_of(core, pod).restart_count == 1


def test_a_roll_replaces_every_pod_in_both_regions(kubernetes: KubernetesProcess, core: Any, gone: Any) -> None:
    """As `kubectl rollout restart`; it returns when the new ones are ready and the old ones are gone."""
    running(kubernetes, gone, "rolled")
    before = {region: set(kubernetes.ready_pods("rolled", region)) for region in (REGION, OTHER)}
    kubernetes.must("roll", within_s=40)
    for region, names in before.items():
        assert len(kubernetes.ready_pods("rolled", region)) == 2
        assert not names & set(kubernetes.ready_pods("rolled", region))


def test_the_short_form_runs_programs_that_know_only_their_port(kubernetes: KubernetesProcess, core: Any) -> None:
    """Pods share 127.0.0.1, each is told its own port, its name and its region, and settings reach it."""
    kubernetes.must("config", namespace="default", name="stage-settings", data={"MISTAKE": "no-retry"})
    kubernetes.must("workload", spec={"name": "echo", "command": ["x"], "env": {"GREETING": "hello $(X)"}})
    kubernetes.must("wait_ready", within_s=30)
    for region in (REGION, OTHER):
        both = kubernetes.endpoints("echo", "default", region)
        assert {ip for _, ip, _ in both} == {"127.0.0.1"}
        assert len({port for _, _, port in both}) == 2
        pod, ip, port = both[0]
        about = ask_pod(ip, port, "GET", "/")[1]
        assert (about["INSTANCE"], about["REGION"], about["MISTAKE"]) == (pod, region, "no-retry")
        assert about["GREETING"] == "hello $(X)"
        apps = client.AppsV1Api(config.new_client_from_config(kubernetes.kubeconfig, context=region))
        apps.delete_namespaced_deployment("echo", "default")


def test_a_pod_that_is_not_restarted_ends_as_failed(kubernetes: KubernetesProcess, core: Any) -> None:
    """A naked pod with restartPolicy Never: its exit code is its last word, and its log can still be read."""
    container = {"name": "once", "image": "registry.test:5000/pod", "args": ["--fail"]}
    spec = {"restartPolicy": "Never", "containers": [container]}
    core.create_namespaced_pod(NS, {"metadata": {"name": "once"}, "spec": spec})
    until(lambda: core.read_namespaced_pod("once", NS).status.phase == "Failed", 15, "failed")
    assert state_of(core, "once").state.terminated.exit_code == 1
    assert "told to fail" in core.read_namespaced_pod_log("once", NS)
    core.delete_namespaced_pod("once", NS)


def test_a_manifest_that_is_wrong_is_named_with_its_place(kubernetes: KubernetesProcess) -> None:
    """File and document, what is wrong, and nothing half done that looks right."""
    error = kubernetes.apply(namespace(NS), {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "x"}})[
        "error"
    ]
    assert "manifest.yaml, document 2: the stage has no kind 'CronJob'" in error
    wrong = deployment("wrong", NS)
    del wrong["spec"]["template"]["spec"]["containers"][0]["image"]
    error = kubernetes.apply(wrong)["error"]
    assert "document 1" in error
    assert "containers[0].image: Required value" in error
