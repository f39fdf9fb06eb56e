"""Every script of both pipelines, as it stands, in a clean folder: it makes what the files publish, and its exit gates.

The folder has a suite of its own. Its first drill calls every answer late and waits in vain for steady watches, so
that it is soon over and inconclusive; on the stage a second one is run to its end.
"""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from e2e.clean_folder import clean_folder
from e2e.drilling import Place
from unit.pipelines.pipeline_files import Job, azure, github

pytestmark = [pytest.mark.e2e, pytest.mark.alone]
IN_VAIN = "{drill: sql-planned-failover, set: [watch.transfer.timeout=10ms, steady.for=2s, steady.within=100ms]}"
WHOLE = "{drill: sql-forced-failover, set: [steady.for=3s, recovery.hold=2s]}"


class Shell(NamedTuple):
    """A clean folder, and what a runner gives its scripts besides their variables."""

    folder: Path
    env: dict[str, str]

    def run(self, job: Job) -> dict[str, "subprocess.CompletedProcess[str]"]:
        """The steps in order; after one that failed only those that are always run."""
        done: dict[str, subprocess.CompletedProcess[str]] = {}
        for step in job.steps:
            if step.always or all(one.returncode == 0 for one in done.values()):
                done[step.name] = self.step(step.script, job.variables)
        return done

    def step(self, script: str, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-e", "-c", script], cwd=self.folder, env={**self.env, **variables}, capture_output=True, text=True,
            timeout=240, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def shell(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The packages are those of this environment, so that setting up takes seconds."""
    base = tmp_path_factory.mktemp("clean")
    folder = clean_folder(base / "firedrill", short=[IN_VAIN, WHOLE], shorter=[IN_VAIN])
    packages = {"PYTHONPATH": sysconfig.get_path("purelib"), "PYTHON": sys.executable}
    return Shell(folder, {**place.env, **packages, "GITHUB_STEP_SUMMARY": str(base / "summary.md")})


def published(shell: Shell, job: Job) -> None:
    """Everything that the file names is there, and says what happened."""
    reports = shell.folder / "reports" / "suites" / job.variables["SUITE"] / "latest"
    for name in job.published:
        assert name.startswith("!") or (shell.folder / name).exists(), name
    record = json.loads((reports / "suite.json").read_bytes())
    junit = ET.parse(reports / "junit.xml").getroot()  # noqa: S314 our own XML
    assert [one.get("name") for one in junit] == [one["drill"] for one in record["drills"]]
    for one in record["drills"]:
        assert (reports / one["run"] / "report.html").is_file()


def test_the_rehearsal_on_github(shell: Shell) -> None:
    """A drill that is inconclusive does not keep the next from being run; the job fails with 3 and has its summary."""
    job = github("short", "local")[0]
    done = shell.run(job)
    assert {name: one.returncode for name, one in done.items() if one.returncode} == {"Drill": 3}, done["Drill"].stderr
    published(shell, job)
    summary = Path(shell.env["GITHUB_STEP_SUMMARY"]).read_text()
    assert "1 of 2 drills passed. Inconclusive: sql-planned-failover." in summary
    assert "::error" not in done["Drill"].stdout


@pytest.mark.parametrize(
    ("make", "number"), [(azure, 0), (github, 1), (azure, 1)], ids=["azure", "github-target", "azure-target"]
)
def test_the_other_jobs(shell: Shell, make: object, number: int) -> None:
    """The same steps elsewhere; that of the target puts back what was cut off, and finds nothing."""
    job = make("shorter", "local")[number]  # type: ignore[operator]
    done = shell.run(job)
    assert {name: one.returncode for name, one in done.items() if one.returncode} == {"Drill": 3}, done["Drill"].stderr
    published(shell, job)
    if number:
        assert "Nothing was left to put back." in done["Put back what was cut off"].stdout
    if make is azure:
        summary = Path(done["Summary"].stdout.strip().removeprefix("##vso[task.uploadsummary]"))
        assert summary.read_text().startswith("## ? **inconclusive**: shorter (rehearsal)")


@pytest.mark.parametrize(
    ("make", "loud"), [(github, "::error "), (azure, "##vso[task.logissue type=error]")], ids=["github", "azure"]
)
def test_put_back_incomplete_is_loud(shell: Shell, make: object, loud: str, tmp_path: Path) -> None:
    """Exit code 5 is kept, and is an error that the service shows on its first page; no other code is one."""
    program = tmp_path / ".venv" / "bin" / "firedrill"
    program.parent.mkdir(parents=True)
    for code in (1, 5):
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        program.chmod(0o755)
        for job in make("short", "local"):  # type: ignore[operator]
            script = next(step.script for step in job.steps if step.name == "Drill")
            done = Shell(tmp_path, dict(os.environ)).step(script, job.variables)
            assert (done.returncode, loud in done.stdout) == (code, code == 5)
