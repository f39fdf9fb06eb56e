"""A deployment without pods, and with them again: our actions against the stage's Kubernetes, through its official client."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from contract.kubernetes_process import REGION, KubernetesProcess

NS = "scaled"
# The client reads KUBECONFIG when it is imported: a process of its own, as `chaos run` is one.
SCRIPT = """
import json, sys
from chaoslib.exceptions import ActivityFailed
from firedrill.actions import kubernetes_scale as actions, notes
from firedrill.probes.kubernetes import deployments

heard = []
notes.listen(lambda kind, at, data: heard.append([kind, data.get("value", data.get("name", ""))]))
func, given = json.loads(sys.argv[1])
try:
    said = getattr(actions, func)(*given)
except ActivityFailed as error:
    said = str(error)
print(json.dumps([said, heard, deployments(*given[:2])["web"]]))
"""
WHOLE = [2, 2]  # ready and wanted


def call(ready: KubernetesProcess, func: str, *given: Any, **env: str) -> tuple[Any, list[list[str]], list[int]]:
    """What the action answered, or the words of its refusal; what it noted; and ready and wanted replicas at that very moment."""
    told = {"KUBECONFIG": ready.kubeconfig, "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), **env}
    argv = [sys.executable, "-c", SCRIPT, json.dumps([func, given])]
    done = subprocess.run(argv, env=told, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    said, heard, now = json.loads(done.stdout)
    return said, heard, now


def test_no_pod_is_left_until_they_are_given_back(ready: KubernetesProcess) -> None:
    """The undo returns when they are ready, says so, and may be called again."""
    said, heard, now = call(ready, "scale_deployment", REGION, NS, "web", 0)
    assert (said, now[1]) == (2, 0)
    assert [kind for kind, _ in heard] == ["fault.command", "fault.accepted", "fault.done", "observed"]
    assert heard[-1] == ["observed", "no"]
    assert "has no replicas already" in call(ready, "scale_deployment", REGION, NS, "web", 0)[0]
    said, heard, now = call(ready, "restore_replicas", REGION, NS, "web", 2)
    assert (said, now) == (2, WHOLE)
    assert [kind for kind, _ in heard] == ["undo.command", "undo.accepted", "undo.done", "observed"]
    assert heard[-1] == ["observed", "yes"]
    said, heard, now = call(ready, "restore_replicas", REGION, NS, "web", 2)
    assert [kind for kind, _ in heard] == ["undo.not-needed", "observed"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("nobody", 0), "there is no deployment 'nobody' in scaled of westeurope; accepted: web"),
        (("web", 2), "2 replicas of web in scaled of westeurope, which has 2; accepted: 0 to 1"),
        (("web", -1), "-1 replicas of web"),
    ],
)
def test_what_would_break_nothing_is_refused(ready: KubernetesProcess, given: Any, words: str) -> None:
    """Before anything is touched, and nothing is noted."""
    said, heard, now = call(ready, "scale_deployment", REGION, NS, *given)
    assert words in said
    assert (said.endswith("nothing was touched"), heard, now) == (True, [], WHOLE)


def test_a_cluster_that_is_not_allowed_is_left_alone(ready: KubernetesProcess) -> None:
    """The target's list decides, before the cluster is asked."""
    said, heard, now = call(ready, "scale_deployment", REGION, NS, "web", 0, FIREDRILL_ALLOW="kubernetes/northeurope")
    assert "kubernetes/westeurope is not in the target's allow-list" in said
    assert (heard, now) == ([], WHOLE)


def test_chaos_toolkit_scales_and_gives_back(ready: KubernetesProcess, tmp_path: Path) -> None:
    """As an experiment calls both."""
    activity = {"type": "action", "name": "no pods"}
    module = {"type": "python", "module": "firedrill.actions.kubernetes_scale"}
    arguments = {"context": REGION, "namespace": NS, "deployment": "web", "replicas": 0}
    scale = {**activity, "provider": {**module, "func": "scale_deployment", "arguments": arguments}}
    back = {**activity, "provider": {**module, "func": "restore_replicas", "arguments": {**arguments, "replicas": 2}}}
    experiment = {"title": "no pods", "description": "none", "method": [scale], "rollbacks": [back]}
    (tmp_path / "experiment.json").write_text(json.dumps(experiment))
    chaos = str(Path(sys.executable).parent / "chaos")
    env = {"KUBECONFIG": ready.kubeconfig, "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [chaos, "--no-version-check", "run", "--rollback-strategy", "always", "experiment.json"],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    journal = json.loads((tmp_path / "journal.json").read_text())
    assert [one["output"] for one in journal["run"] + journal["rollbacks"]] == [2, 2], done.stderr[-3000:]
    assert len(ready.ready_pods("web")) == 2
