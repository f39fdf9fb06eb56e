"""What `firedrill run` refuses, on a stage that is up: in words, with the promised code, and nothing was touched."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from e2e.clean_folder import clean_folder
from e2e.drilling import SHORT, Place, kinds_in
from kubernetes import client, config

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


class Refusal(NamedTuple):
    """A file of the project with one mistake in it, and what is said of it."""

    drill: str
    file: str
    old: str
    new: str
    code: int
    words: str


SET_STATUS = """func: set_status
      arguments: {resource_group: "${resource_group}", namespace: "${bus_a}", status: Disabled}"""
ONE_QUEUE = """func: set_queue_status
      arguments: {resource_group: "${resource_group}", namespace: "${bus_a}", queue: to-nobody, status: Disabled}"""
REFUSALS = {
    "an empty pod filter": Refusal(
        "pod-kill", "experiments/pod-kill.yaml", 'selector: "part=commands", number', 'selector: " ", number',
        4, "the selector is empty: every pod would match; accepted: app=shop",
    ),
    "a selector that matches nothing": Refusal(
        "pod-kill", "experiments/pod-kill.yaml", 'selector: "part=commands", number', 'selector: "part=command", number',
        4, "no pod matches 'part=command' in gasbank of westeurope; change: the selector",
    ),
    "more pods than there are": Refusal(
        "pod-kill", "experiments/pod-kill.yaml", 'number: 1', 'number: 99',
        4, "99 are to be killed; change: a smaller number",
    ),
    "a name outside the allow-list": Refusal(
        "bus-a-down", "targets/local.yaml", "rehearsal: true", "rehearsal: true\nallow: [servicebus/sb-neu, sql/dbgrp]",
        4, "servicebus/sb-weu is not in the target's allow-list; accepted: servicebus/sb-neu; change: allow:",
    ),
    "a queue that is not there": Refusal(
        "bus-a-down", "experiments/bus-a-down.yaml", SET_STATUS, ONE_QUEUE,
        4, "there is no queue 'to-nobody' in sb-weu; accepted: to-ledger",
    ),
    "a gate that is not met": Refusal(
        "bus-a-down", "experiments/bus-a-down.yaml", "    - name: every queue of bus A is active\n      type: probe\n      tolerance: Active",
        "    - name: every queue of bus A is active\n      type: probe\n      tolerance: Quiet",
        4, "the experiment would not begin: every queue of bus A is active: is 'Active', not 'Quiet'",
    ),
    "a load that does not begin": Refusal(
        "bus-a-down", "drills/load/gasbank.py", "from datetime import", "import no_such_module\nfrom datetime import",
        4, "the load has asked nothing: it ended with 1",
    ),
    "a misspelled argument": Refusal(
        "pod-kill", "experiments/pod-kill.yaml", "number: 1", "numbr: 1",
        2, "kill_pods takes no argument 'numbr'",
    ),
    "a control that is not there": Refusal(
        "pod-kill", "experiments/pod-kill.yaml", "rollbacks: []", "rollbacks: []\ncontrols: [{name: notes, provider: {type: python, module: no.notes}}]",
        2, "controls.notes.provider.module: there is no module no.notes",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clean_folder(tmp_path_factory.mktemp("clean") / "project")


@pytest.fixture
def untouched(place: Place) -> Iterator[None]:
    """No pod is another one, no queue and no role is changed, and ARM was asked for nothing but to be read."""
    before = as_it_is(place)
    yield
    assert as_it_is(place) == before


def as_it_is(place: Place) -> dict[str, Any]:
    status = place.status()
    pods: Callable[..., Any] = client.CoreV1Api(
        config.new_client_from_config(status["kubeconfig"], context="westeurope")
    ).list_namespaced_pod
    log = place.call("stage", "logs", "--lines", "100000").stdout.splitlines()
    return {
        "pods": sorted(pod.metadata.uid for pod in pods("gasbank").items),
        "changes": [line for line in log if '"arm.asked"' in line],
        "roles": {name: one["role"] for name, one in status["sql"]["servers"].items()},
    }


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS)
def test_it_is_refused_in_words(case: Refusal, place: Place, project: Path, tmp_path: Path, untouched: None) -> None:
    """What is wrong, where, what is accepted, and what to do; never a fault, never a traceback."""
    path = project / case.file
    good = path.read_text()
    assert good.count(case.old) == 1
    path.write_text(good.replace(case.old, case.new))
    try:
        drill = project / "drills" / f"{case.drill}.yaml"
        done = place.call("run", str(drill), "--out", str(tmp_path), *SHORT)
    finally:
        path.write_text(good)
    said = " ".join(done.stderr.split())
    assert (done.returncode, case.words in said, "Traceback" in said) == (case.code, True, False), done.stderr
    assert "where: " in said
    assert not any("fault.command" in kinds_in(events) for events in tmp_path.glob("*/*/events.jsonl"))


@pytest.fixture
def reader(place: Place, tmp_path: Path) -> tuple[str, dict[str, str]]:
    """The stage as if it were a subscription, and an identity that may only read: a target, and its credentials."""
    status, target = place.status(), tmp_path / "reader.yaml"
    target.write_text(
        f"target: reader\nazure: {{resource_group: gasbank, subscription: {status['subscription']}, arm: '{status['arm']}', "
        f"authority: '{status['authority']}/adfs'}}\nsql: {{failover_group: dbgrp, primary: dbp, secondary: dbfop}}\n"
        f"system: {{url: '{status['bank']}'}}\n"
    )
    return str(target), {
        "AZURE_TENANT_ID": status["tenant"],
        "AZURE_CLIENT_ID": status["reader"]["client_id"],
        "AZURE_CLIENT_SECRET": status["reader"]["client_secret"],
        "REQUESTS_CA_BUNDLE": status["ca"],
    }


def test_without_rights_nothing_is_begun(
    place: Place, tmp_path: Path, reader: tuple[str, dict[str, str]], untouched: None
) -> None:
    """Every right that is missing is named, that of the put-back too, before a run is begun; so is a wrong secret."""
    target, env = reader
    arguments = ("run", "sql-forced-failover", "--target", target, "--out", str(tmp_path), *SHORT)
    assert place.call(*arguments, env=env).returncode == 2  # no rehearsal, and nobody said --yes
    done = place.call(*arguments, "--yes", env=env)
    assert done.returncode == 4, done.stderr
    for right in ("forceFailoverAllowDataLoss/action", "failover/action"):
        assert f"Microsoft.Sql/servers/failoverGroups/{right} on SQL failover group dbfop/dbgrp: missing" in done.stderr
    wrong = place.call(*arguments, "--yes", env={**env, "AZURE_CLIENT_SECRET": "wrong"})
    assert (wrong.returncode, "credentials" in wrong.stderr, "Traceback" in wrong.stderr) == (4, True, False)
    assert not list(tmp_path.glob("sql-forced-failover/*"))


BROKEN = """
from pathlib import Path

def sweep(mark):
    if not Path(mark).exists():
        raise RuntimeError("the broom is gone")
"""


def test_recover_does_what_was_not_put_back_and_nothing_else(place: Place, project: Path, tmp_path: Path) -> None:
    """Of two rollbacks the first succeeded and the second failed: code 5, then recover carries out the second alone."""
    (project / "sweeping.py").write_text(BROKEN)
    mark = tmp_path / "broom"
    sweep = f"  - {{name: sweep, type: action, provider: {{type: python, module: sweeping, func: sweep, arguments: {{mark: '{mark}'}}}}}}\n"
    experiment, drill = project / "experiments" / "bus-a-down.yaml", project / "drills" / "bus-a-down.yaml"
    experiment.write_text(experiment.read_text() + sweep)
    env = {"PYTHONPATH": os.pathsep.join([str(project), os.environ.get("PYTHONPATH", "")])}
    done = place.call(
        "run", str(drill), "--out", str(tmp_path), "--set", "steady.for=1s", "--set", "recovery.after=1s", env=env
    )
    assert (done.returncode, "the broom is gone" in done.stdout + done.stderr) == (5, True), done.stderr
    run = (tmp_path / "bus-a-down" / "latest").resolve()
    before = [kind for kind in kinds_in(run / "events.jsonl") if kind.startswith("undo.")]
    mark.touch()
    recovered = place.call("recover", env=env)
    assert recovered.returncode == 0, recovered.stderr
    assert [kind for kind in kinds_in(run / "events.jsonl") if kind.startswith("undo.")] == before
    lines = [json.loads(line) for line in (run / "undo.jsonl").read_bytes().splitlines()]
    assert [line["undone"] for line in lines if "undone" in line] == ["activate every queue of bus A", "sweep"]
