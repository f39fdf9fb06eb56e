"""The Kubernetes service in a child process, for tests: orders go in and answers come out a line at a time."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
REGION, OTHER = "westeurope", "northeurope"
IMAGE = "registry.test:5000/pod:1.0"
POD_IP = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}


class KubernetesProcess:
    """`kubeconfig` has both regions."""

    def __init__(self, folder: Path, profile: str = "brisk") -> None:
        since = time.monotonic()
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "kubernetes_alone.py"), str(folder), profile],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.first = self._line()
        self.kubeconfig = self.first["kubeconfig"]
        self.took_s = time.monotonic() - since

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the service ended"
        return dict(json.loads(line))

    def order(self, do: str, **more: Any) -> dict[str, Any]:
        """`{"answer": ...}` or `{"error": sentence}`."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        return self._line()

    def must(self, do: str, **more: Any) -> Any:
        said = self.order(do, **more)
        assert "error" not in said, said
        return said["answer"]

    def apply(self, *things: dict[str, Any]) -> dict[str, Any]:
        """Through a file, as the stage does it."""
        file = self.folder / "manifest.yaml"
        file.write_text(yaml.safe_dump_all(things))
        return self.order("apply", paths=[str(file)])

    def pods(self, region: str = REGION) -> dict[str, Any]:
        return dict(self.must("status")[region]["pods"])

    def ready_pods(self, prefix: str, region: str = REGION) -> list[str]:
        return [name for name, pod in self.pods(region).items() if name.startswith(prefix) and pod["ready"]]

    def endpoints(self, service: str, namespace: str, region: str = REGION) -> list[tuple[str, str, int]]:
        found = self.must("endpoints").get(f"{region}/{namespace}/{service}", [])
        return [(pod, ip, port) for pod, ip, port in found]

    def end(self) -> float:
        """Seconds until it was gone."""
        since = time.monotonic()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return time.monotonic() - since


def deployment(name: str, namespace: str, **more: Any) -> dict[str, Any]:
    """Of the tiny workload, probed twice a second; `container` and `spec` add to it, `replicas` is 2."""
    container = {
        "name": name,
        "image": IMAGE,
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [POD_IP, *more.get("env", [])],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 1, "failureThreshold": 1},
        **more.get("container", {}),
    }
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 3, "containers": [container], **more.get("spec", {})},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": more.get("replicas", 2), "selector": {"matchLabels": {"app": name}}, "template": template},
    }


def service(name: str, namespace: str) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def budget(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"app": name}}, **spec},
    }


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def ask_pod(ip: str, port: int, method: str, path: str) -> tuple[int, Any]:
    """One request to a pod."""
    connection = http.client.HTTPConnection(ip, port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def until(reached: Callable[[], Any], within_s: float, what: str) -> Any:
    """The first true answer; for states of which no event tells."""
    deadline = time.monotonic() + within_s
    while not (found := reached()):
        assert time.monotonic() < deadline, f"not {what} within {within_s} s"
        time.sleep(0.05)
    return found
