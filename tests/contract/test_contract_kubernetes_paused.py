"""A pod whose process stands still: what its cluster makes of it, and that it goes on where it was."""

import socket
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from contract.kubernetes_process import REGION, KubernetesProcess, ask_pod, deployment, namespace, service, until
from kubernetes import client, config

NS = "by-pause"
SHORT = {"httpGet": {"path": "/live", "port": 8080}, "periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 3}


@pytest.fixture(scope="module")
def core(kubernetes: KubernetesProcess) -> Any:
    assert "error" not in kubernetes.apply(namespace(NS))
    return client.CoreV1Api(config.new_client_from_config(kubernetes.kubeconfig, context=REGION))


@pytest.fixture
def running(kubernetes: KubernetesProcess, core: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Starts a deployment of one pod and says its name, its address and its process; it is gone after the test."""
    name = request.node.name.replace("_", "-")[5:40].strip("-")

    def start(**container: Any) -> tuple[str, str, int, psutil.Process]:
        spec = {"terminationGracePeriodSeconds": 1}
        assert "error" not in kubernetes.apply(
            deployment(name, NS, replicas=1, container=container, spec=spec), service(name, NS)
        )
        kubernetes.must("wait_ready", within_s=30)
        ((pod, ip, port),) = kubernetes.endpoints(name, NS)
        return pod, ip, port, psutil.Process(kubernetes.pods()[pod]["pid"])

    yield start
    assert "error" not in kubernetes.order("fault", region=REGION, faults={})
    apps = client.AppsV1Api(config.new_client_from_config(kubernetes.kubeconfig, context=REGION))
    apps.delete_namespaced_deployment(name, NS)


def pause(kubernetes: KubernetesProcess, *pods: str) -> None:
    kubernetes.must("fault", region=REGION, faults={"paused": list(pods)})


def test_it_takes_connections_and_answers_nobody_until_it_goes_on(
    kubernetes: KubernetesProcess, core: Any, running: Any
) -> None:
    """The same process: out of the endpoints while it stands, back in them afterwards, never restarted; what it was asked it answers."""
    pod, ip, port, process = running()
    pause(kubernetes, pod)
    until(lambda: process.status() == psutil.STATUS_STOPPED, 5, "stopped")  # the signal is on its way
    assert kubernetes.must("wrong")[REGION] == {"paused": [pod]}
    with socket.create_connection((ip, port), timeout=10) as asking:
        asking.sendall(b"GET /live HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n")
        until(lambda: not kubernetes.ready_pods(pod), 15, "unready")
        assert kubernetes.endpoints(pod.rpartition("-")[0], NS) == []
        kubernetes.must("fault", region=REGION, faults={})
        assert asking.recv(15).startswith(b"HTTP/1.1 200")
    until(lambda: kubernetes.ready_pods(pod), 15, "ready")
    assert kubernetes.must("wrong")[REGION] == {"paused": []}
    status = core.read_namespaced_pod(pod, NS).status.container_statuses[0]
    assert (status.restart_count, process.is_running()) == (0, True)
    assert ask_pod(ip, port, "GET", "/about")[1]["pid"] == process.pid


def test_deleted_it_dies_when_its_grace_is_over(kubernetes: KubernetesProcess, core: Any, running: Any) -> None:
    """It cannot hear SIGTERM, so SIGKILL ends it; its controller puts another one in its place, which runs."""
    pod, _, _, process = running()
    pause(kubernetes, pod)
    core.delete_namespaced_pod(pod, NS)
    process.wait(15)
    kubernetes.must("wait_ready", within_s=30)
    assert pod not in kubernetes.pods()
    assert kubernetes.must("wrong")[REGION] == {"paused": []}


def test_liveness_starts_it_anew(kubernetes: KubernetesProcess, core: Any, running: Any) -> None:
    """A container that does not answer for long enough is ended, by SIGKILL in the end; the new one runs, and nothing is left to heal."""
    pod, ip, port, process = running(livenessProbe=SHORT)
    pause(kubernetes, pod)
    process.wait(20)

    def restarted() -> bool:
        (status,) = core.read_namespaced_pod(pod, NS).status.container_statuses
        return bool(status.restart_count == 1 and status.ready)

    until(restarted, 20, "restarted")
    (status,) = core.read_namespaced_pod(pod, NS).status.container_statuses
    assert status.last_state.terminated.signal == 9
    assert ask_pod(ip, port, "GET", "/about")[1]["pid"] != process.pid
    assert kubernetes.must("wrong")[REGION] == {"paused": []}


def test_what_cannot_stand_still_is_refused_and_nothing_else_is_touched(
    kubernetes: KubernetesProcess, core: Any, running: Any
) -> None:
    """A pod that is not there, a fault that a cluster cannot have, a region that there is not."""
    pod, _, _, process = running()
    said = kubernetes.order("fault", region=REGION, faults={"paused": [pod, "nobody"]})
    assert said["error"] == f"no pod 'nobody' runs in {REGION}"
    assert "gone" in kubernetes.order("fault", region=REGION, faults={"gone": True})["error"]
    assert "eastus" in kubernetes.order("fault", region="eastus", faults={})["error"]
    assert process.status() != psutil.STATUS_STOPPED
