"""Both pipeline files as data: their script steps in order, as the service would give them to a shell."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[3]
GITHUB = ROOT / ".github" / "workflows" / "nightly.yml"
AZURE = ROOT / "pipelines" / "azure-pipelines.yml"
ALWAYS = ("always()", "${{ always() }}")


class Step(NamedTuple):
    """`always`: it is run after a failure too."""

    name: str
    script: str
    always: bool


class Job(NamedTuple):
    """One job of a file: its variables, its scripts, and which files it says are published."""

    name: str
    variables: dict[str, str]
    steps: list[Step]
    published: list[str]
    data: dict[str, Any]


def github(suite: str, target: str) -> list[Job]:
    """The jobs of the GitHub workflow with these inputs."""
    data = yaml.safe_load(GITHUB.read_text())
    inputs = {"inputs.suite || 'nightly'": suite, "inputs.target": target}
    return [
        Job(
            name,
            filled(data["env"] | job["env"], inputs),
            [Step(step["name"], step["run"], step.get("if") in ALWAYS) for step in job["steps"] if "run" in step],
            [
                line
                for step in job["steps"]
                if "upload-artifact" in step.get("uses", "")
                for line in step["with"]["path"].split()
            ],
            job,
        )
        for name, job in data["jobs"].items()
    ]


def azure(suite: str, target: str) -> list[Job]:
    """The jobs of the Azure pipeline with these parameters, the stage that is only there for a target included."""
    data = yaml.safe_load(AZURE.read_text())
    inputs = {"parameters.suite": suite, "parameters.target": target}
    stages = [stage for one in data["stages"] for stage in (next(iter(one.values())) if "stage" not in one else [one])]
    return [azure_job(stage, job, data["variables"], inputs) for stage in stages for job in stage["jobs"]]


def azure_job(stage: dict[str, Any], job: dict[str, Any], variables: dict[str, str], inputs: dict[str, str]) -> Job:
    steps = job.get("steps") or job["strategy"]["runOnce"]["deploy"]["steps"]
    values = filled(variables | job["variables"], inputs)
    published = [
        re.sub(r"\$\((\w+)\)", lambda found: values[found[1]], path)
        for step in steps
        for path in (step.get("publish"), step.get("inputs", {}).get("testResultsFiles"))
        if path
    ]
    scripts = [(step, step.get("script") or step.get("inputs", {}).get("inlineScript")) for step in steps]
    return Job(
        stage["stage"],
        values,
        [Step(step["displayName"], script, step.get("condition") in ALWAYS) for step, script in scripts if script],
        published,
        job,
    )


def filled(values: dict[str, str], inputs: dict[str, str]) -> dict[str, str]:
    """Every `${{ ... }}` replaced; KeyError for one that the test does not know."""
    return {name: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: inputs[found[1]], value) for name, value in values.items()}
