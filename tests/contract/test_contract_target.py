"""A target on a subscription, asked right by right and written from what is there: the real command against the stage.

For `firedrill` the stage is a subscription here: endpoints and names come from a target file, credentials from the
environment, and nothing tells it that this is no Azure.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract.running_stage import RunningStage, environment
from unit.content.sample_project import EXPERIMENT, make_project

from firedrill.content.targets import load_target

Firedrill = Callable[..., "subprocess.CompletedProcess[str]"]
FORCED = "Microsoft.Sql/servers/failoverGroups/forceFailoverAllowDataLoss/action"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose one experiment forces a failover group over."""
    root = make_project(tmp_path_factory.mktemp("target") / "project")
    text = EXPERIMENT.replace(
        "module: faults.light, func: turn_off", "module: firedrill.actions.sql, func: force_failover"
    )
    text = text.replace('{room: "${room}"}}\nrollbacks', "{resource_group: g, failover_group: f, to: s}}\nrollbacks")
    (root / "experiments" / "lights-out.yaml").write_text(text)
    return root


@pytest.fixture(scope="module")
def firedrill(stage: RunningStage, project: Path) -> Firedrill:
    """Runs the command with the credentials of an application: its ids as the stage's status has them."""

    def run(*arguments: str, who: dict[str, Any] | None = None) -> "subprocess.CompletedProcess[str]":
        status = stage.status()
        ids = who or status
        env = {**os.environ, **environment(status), "FIREDRILL_HOME": str(project / "home")}
        env |= {"AZURE_CLIENT_ID": ids["client_id"], "AZURE_CLIENT_SECRET": ids["client_secret"]}
        argv = [sys.executable, "-m", "firedrill.cli.app", *arguments]
        return subprocess.run(argv, cwd=project, env=env, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture(scope="module")
def found(firedrill: Firedrill, project: Path) -> Path:
    """The target that `firedrill new` wrote."""
    done = firedrill("new", "--target", "found", "--resource-group", "gasbank")
    assert done.returncode == 0, done.stderr
    return project / "targets" / "found.yaml"


def test_a_target_is_written_from_what_stands_in_the_group(found: Path, project: Path, stage: RunningStage) -> None:
    """Both of everything, the primary's region first; it loads as it is, and every resource may be touched."""
    target = load_target("found", project)
    status = stage.status()
    primary = next(name for name, server in status["sql"]["servers"].items() if server["role"] == "Primary")
    assert target.azure.subscription == status["subscription"]
    assert target.sql is not None
    assert target.servicebus is not None
    assert target.storage is not None
    assert target.kubernetes is not None
    assert (target.sql.failover_group, target.sql.primary, bool(target.sql.database)) == ("dbgrp", primary, True)
    assert {target.servicebus.a, target.servicebus.b} == set(status["servicebus"])
    assert {target.storage.first, target.storage.second} == set(status["storage"])
    near = "aks-weu" if status["sql"]["servers"][primary]["location"] == "West Europe" else "aks-neu"
    assert (target.kubernetes.first, target.kubernetes.first_nodes) == (near, "")
    assert set(target.allow) == set(target.resources)
    assert "namespace: where the system's pods are" in found.read_text()


def test_new_never_writes_over_a_target(found: Path, firedrill: Firedrill) -> None:
    """Exit 2 before Azure is asked; the file keeps every byte."""
    before = found.read_bytes()
    done = firedrill("new", "--target", "found", "--resource-group", "gasbank")
    assert (done.returncode, found.read_bytes()) == (2, before)
    assert "found.yaml is there already" in done.stderr


def test_a_group_that_is_not_there_is_said_in_azures_words(firedrill: Firedrill, project: Path) -> None:
    """Exit 4, and no file."""
    done = firedrill("new", "--target", "nowhere", "--resource-group", "elsewhere")
    assert done.returncode == 4
    assert "ResourceGroupNotFound" in done.stderr
    assert not (project / "targets" / "nowhere.yaml").exists()


def test_who_may_do_everything_lacks_nothing(found: Path, firedrill: Firedrill) -> None:
    """Exit 0; the table names the forced failover at both servers."""
    done = firedrill("check", "--target", "found")
    assert done.returncode == 0, done.stderr
    lines = [line.split("  ") for line in done.stdout.splitlines()]
    forced = [line for line in lines if line[0].strip() == FORCED]
    assert len(forced) == 2
    states = [line[-1].strip() for line in lines if not line[-1].startswith("not an activity")]
    assert sorted({*states} - {"have"}) == ["not known"]  # the sample's own probe and rollback


def test_who_may_only_read_is_told_every_right_that_is_missing(
    found: Path, firedrill: Firedrill, stage: RunningStage
) -> None:
    """Exit 4; the rights to change, on both sides, and none of those to read."""
    done = firedrill("check", "--target", "found", who=stage.status()["reader"])
    assert done.returncode == 4
    missing = {line.strip() for line in done.stderr.splitlines() if line.endswith(": missing")}
    assert missing == {f"{FORCED} on SQL failover group {side}/dbgrp: missing" for side in ("dbp", "dbfop")}
    assert "infra/bicep/role.bicep" in done.stderr


def test_who_may_not_even_look_is_told_that_nothing_could_be_read(
    found: Path, firedrill: Firedrill, stage: RunningStage
) -> None:
    """Not knowing is not having: exit 4 with Azure's reason."""
    done = firedrill("check", "--target", "found", who=stage.status()["identity"]["users"]["auditor"])
    assert done.returncode == 4
    assert "exists on resource group gasbank: could not be read" in done.stderr
    assert f"{FORCED} on SQL failover group dbp/dbgrp: could not be read" in done.stderr
    assert "AuthorizationFailed" in done.stdout


def test_what_a_target_names_and_is_not_there_is_missing(found: Path, firedrill: Firedrill, project: Path) -> None:
    """Every wrong name at once, with Azure's words for it."""
    text = found.read_text().replace("target: found", "target: wrong").replace("gasbankneu", "nosuchaccount")
    (project / "targets" / "wrong.yaml").write_text(text.replace("dbgrp", "nosuchgroup"))
    done = firedrill("check", "--target", "wrong")
    (project / "targets" / "wrong.yaml").unlink()
    assert done.returncode == 4
    assert "exists on storage account nosuchaccount: missing" in done.stderr
    assert "exists on SQL failover group dbp/nosuchgroup: missing" in done.stderr
    assert "storage account gasbankweu: missing" not in done.stderr
