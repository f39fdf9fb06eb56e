"""The stage's Kubernetes through chaostoolkit's own activities, run as an experiment runs them."""

import os
import subprocess
import sys
from pathlib import Path

from contract.kubernetes_process import KubernetesProcess

NS = "by-chaos"
# chaosk8s reads KUBECONFIG when kubernetes is imported: a process of its own, as `chaos run` is one.
SCRIPT = """
from chaosk8s.deployment.actions import scale_deployment
from chaosk8s.deployment.probes import deployment_available_and_healthy, deployment_fully_available
from chaosk8s.node.actions import cordon_node, uncordon_node
from chaosk8s.node.probes import get_nodes
from chaosk8s.pod.actions import terminate_pods
from chaosk8s.pod.probes import count_pods, pods_in_phase

said = dict(label_selector="app=web", ns=NS)
assert count_pods(**said, phase="Running") == 2
assert pods_in_phase(**said, phase="Running") is True
assert len(terminate_pods(**said)) == 1
assert deployment_fully_available("web", ns=NS, timeout=30)
assert len(terminate_pods(**said, all=True, grace_period=0)) >= 2
assert deployment_fully_available("web", ns=NS, timeout=30)
scale_deployment("web", replicas=3, ns=NS)
assert deployment_fully_available("web", ns=NS, timeout=30)
assert deployment_available_and_healthy("web", ns=NS, label_selector=None)
nodes = get_nodes(label_selector="topology.kubernetes.io/zone=westeurope-1")
nodes = nodes if isinstance(nodes, list) else nodes.items
name = "aks-system-weu-vmss000000"
cordon_node(name)
uncordon_node(name)
print("all of it")
"""


def test_activities_of_chaosk8s_run_unchanged(ready: KubernetesProcess, tmp_path: Path) -> None:
    """Pods by label, one and all; probes of pods, deployments and nodes; scale and cordon."""
    env = {"KUBECONFIG": ready.kubeconfig, "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    script = f"NS = {NS!r}\n{SCRIPT}"
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == "all of it\n"
