"""The stage's Kubernetes through `kubectl`, whichever version the machine has."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from contract.kubernetes_process import (
    OTHER,
    REGION,
    KubernetesProcess,
    budget,
    deployment,
    namespace,
    service,
    until,
)

KUBECTL = os.environ.get("KUBECTL") or shutil.which("kubectl") or ""
NS = "by-kubectl"
WITHIN_S = 60

pytestmark = pytest.mark.skipif(not KUBECTL, reason="there is no kubectl on this machine")


class Kubectl:
    """Calls with the merged kubeconfig, which begins in westeurope; a call that fails fails the test."""

    def __init__(self, kubeconfig: str, home: Path, file: Path) -> None:
        self.env = {"KUBECONFIG": kubeconfig, "HOME": str(home), "PATH": os.environ["PATH"]}
        self.file = file

    def call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [KUBECTL, *words], env=self.env, capture_output=True, text=True, timeout=WITHIN_S, check=False
        )

    def __call__(self, *words: str) -> str:
        done = self.call("--namespace", NS, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def follow(self, *words: str) -> "subprocess.Popen[str]":
        argv = [KUBECTL, "--namespace", NS, *words]
        return subprocess.Popen(argv, env=self.env, stdout=subprocess.PIPE, text=True)

    def apply(self, *things: dict[str, Any]) -> list[str]:
        self.file.write_text(yaml.safe_dump_all(things))
        return self("apply", "-f", str(self.file)).splitlines()

    def settled(self) -> str:
        return self("rollout", "status", "deployment/web", "--timeout=30s")

    def pods(self) -> list[str]:
        return self("get", "pods", "-o", "name", "-l", "app=web").split()


THINGS = (namespace(NS), deployment("web", NS), service("web", NS), budget("web", NS, minAvailable=1))


@pytest.fixture(scope="module")
def kubectl(kubernetes: KubernetesProcess, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """With the manifest applied and rolled out."""
    folder = tmp_path_factory.mktemp("kubectl")
    made = Kubectl(kubernetes.kubeconfig, folder, folder / "web.yaml")
    created = made.apply(*THINGS)
    assert [line.rpartition(" ")[2] for line in created] == ["created"] * 4
    made.settled()
    return made


def test_apply_again_changes_nothing_and_another_template_rolls(kubectl: Kubectl) -> None:
    """Unchanged, then configured; what was dropped from the file is dropped from the object."""
    assert {line.rpartition(" ")[2] for line in kubectl.apply(*THINGS[:3])} == {"unchanged"}
    before = set(kubectl.pods())
    with_env = deployment("web", NS, env=[{"name": "COLOUR", "value": "green"}])
    assert kubectl.apply(with_env) == ["deployment.apps/web configured"]
    kubectl.settled()
    assert not before & set(kubectl.pods())
    assert "COLOUR" in kubectl("get", "deployment", "web", "-o", "yaml")
    kubectl.apply(THINGS[1])
    kubectl.settled()
    assert "COLOUR" not in kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.template}")


def test_what_the_stage_applied_is_unchanged_for_kubectl(kubernetes: KubernetesProcess, kubectl: Kubectl) -> None:
    """The stage leaves the same note of what it applied."""
    thing = deployment("both", NS, replicas=0)
    assert "error" not in kubernetes.apply(namespace(NS), thing)
    assert kubectl.apply(thing) == ["deployment.apps/both unchanged"]
    kubectl("delete", "deployment", "both")


def test_get_prints_what_people_look_for(kubectl: Kubectl) -> None:
    """Columns from the server: ready, status, restarts, node and address."""
    head, *rows = kubectl("get", "pods", "-o", "wide", "-l", "app=web").splitlines()
    assert head.split()[:7] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"]
    assert all(row.split()[1:4] == ["1/1", "Running", "0"] for row in rows)
    assert all(row.split()[6].startswith("aks-system-weu-vmss00000") for row in rows)
    assert kubectl("get", "deployment", "web").splitlines()[1].split()[:4] == ["web", "2/2", "2", "2"]
    assert len(kubectl("--context", OTHER, "get", "nodes").splitlines()) == 4
    everything = kubectl("get", "all,endpoints,pdb")
    assert all(name in everything for name in ("pod/web-", "service/web", "replicaset.apps/web-", "endpoints/web"))


def test_describe_shows_the_events(kubectl: Kubectl) -> None:
    """What happened to a pod, a deployment and a node, as far as they have something to tell."""
    assert "Successfully assigned" in kubectl("describe", kubectl.pods()[0])
    assert "Scaled up replica set" in kubectl("describe", "deployment", "web")
    assert "topology.kubernetes.io/zone=westeurope-1" in kubectl("describe", "node", "aks-system-weu-vmss000000")


def test_watch_tells_of_a_deletion_as_it_happens(kubectl: Kubectl) -> None:
    """`get -w` prints the pod that goes and the one that comes."""
    victim = kubectl.pods()[0]
    watching = kubectl.follow("get", "pods", "-w", "-l", "app=web")
    assert watching.stdout is not None
    assert watching.stdout.readline().split()[0] == "NAME"
    kubectl("delete", victim)
    seen = []
    for line in watching.stdout:
        seen.append(line.split()[:3])
        ready = {name for name, ready, status in seen if (ready, status) == ("1/1", "Running")}
        if any(status == "Terminating" for _, _, status in seen) and len(ready) > 2:
            break
    watching.terminate()
    watching.communicate()
    assert victim.removeprefix("pod/") in {name for name, _, status in seen if status == "Terminating"}
    kubectl.settled()


def test_logs_are_read_and_followed_to_the_end(kubectl: Kubectl) -> None:
    """Whole, by line, and followed until the pod is gone."""
    pod = kubectl.pods()[0]
    assert "listens on" in kubectl("logs", pod, "--tail=1")
    following = kubectl.follow("logs", "-f", pod)
    assert following.stdout is not None
    assert "listens on" in following.stdout.readline()
    kubectl("delete", pod, "--grace-period=0", "--force")
    following.communicate(timeout=WITHIN_S)
    assert following.returncode == 0
    kubectl.settled()
    refused = kubectl.call("--namespace", NS, "logs", kubectl.pods()[0], "--since=5s")
    assert "does not emulate sinceSeconds" in refused.stderr


def test_scale_restart_and_undo(kubectl: Kubectl) -> None:
    """Up, down, every pod replaced, and back to the template before."""
    kubectl("scale", "deployment", "web", "--replicas=3")
    kubectl.settled()
    assert len(kubectl.pods()) == 3
    kubectl("scale", "deployment", "web", "--replicas=2")
    until(lambda: len(kubectl.pods()) == 2, 20, "down to two")
    before = set(kubectl.pods())
    kubectl("rollout", "restart", "deployment/web")
    assert "successfully rolled out" in kubectl.settled()
    assert not before & set(kubectl.pods())
    assert "restartedAt" in kubectl("get", "deployment", "web", "-o", "yaml")
    kubectl("rollout", "undo", "deployment/web")
    kubectl.settled()
    assert "restartedAt" not in kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.template}")


def test_drain_moves_the_pods_and_cordon_keeps_them_away(kubectl: Kubectl) -> None:
    """A drained node is empty and stays so until it is uncordoned."""
    node = kubectl("get", kubectl.pods()[0], "-o", "jsonpath={.spec.nodeName}")
    try:
        kubectl("drain", node, "--ignore-daemonsets", "--force", "--timeout=40s", "--pod-selector=app=web")
        kubectl.settled()
        assert kubectl("get", "node", node).splitlines()[1].split()[1] == "Ready,SchedulingDisabled"
        kubectl("rollout", "restart", "deployment/web")
        kubectl.settled()
        assert node not in kubectl("get", "pods", "-l", "app=web", "-o", "wide")
    finally:
        kubectl("uncordon", node)
    assert kubectl("get", "node", node).splitlines()[1].split()[1] == "Ready"


def test_what_is_not_emulated_says_so(kubectl: Kubectl) -> None:
    """Kinds that the cluster has not, and subresources that the stage has not."""
    assert "doesn't have a resource type" in kubectl.call("get", "cronjobs").stderr
    done = kubectl.call("--namespace", NS, "exec", kubectl.pods()[0], "--", "ls")
    assert done.returncode != 0
    kubectl.file.write_text(yaml.safe_dump(THINGS[1]))
    refused = kubectl.call("--namespace", NS, "apply", "--server-side", "-f", str(kubectl.file))
    assert "does not emulate server-side apply" in refused.stderr


def test_a_namespace_goes_with_all_that_is_in_it(kubernetes: KubernetesProcess, kubectl: Kubectl) -> None:
    """kubectl waits until it is gone; the pods' processes are gone, too."""
    kubectl("delete", "namespace", NS)
    assert not [name for name in kubernetes.pods(REGION) if name.startswith("web-") and name in kubectl.pods()]
    assert kubectl.call("get", "namespace", NS).returncode != 0
