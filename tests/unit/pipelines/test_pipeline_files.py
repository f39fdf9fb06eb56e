"""The pipeline files: valid by their published schemas, no secret in them, and nothing destructive without a gate."""

import subprocess
import sys
from pathlib import Path

import pytest
from unit.content.sample_project import changed
from unit.pipelines.pipeline_files import AZURE, GITHUB, azure, github

# Microsoft's schema has patterns that are no regular expressions in Unicode mode.
FOR_GITHUB = ("--builtin-schema", "vendor.github-workflows")
FOR_AZURE = (
    *("--builtin-schema", "vendor.azure-pipelines", "--data-transform", "azure-pipelines"),
    *("--regex-variant", "nonunicode"),
)


def valid(path: Path, schema: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
    """The published schemas as check-jsonschema carries them: nothing is fetched."""
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, str(path)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("path", "schema"), [(GITHUB, FOR_GITHUB), (AZURE, FOR_AZURE)], ids=["github", "azure"])
def test_the_file_is_valid_by_its_published_schema(path: Path, schema: tuple[str, ...]) -> None:
    """GitHub's workflow schema from SchemaStore, Microsoft's service schema for Azure Pipelines."""
    done = valid(path, schema)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@pytest.mark.parametrize(
    ("path", "schema", "old", "new"),
    [
        (GITHUB, FOR_GITHUB, "    environment: fire-drills", "    enviroment: fire-drills"),
        (AZURE, FOR_AZURE, "            environment: fire-drills", "            enviroment: fire-drills"),
    ],
    ids=["github", "azure"],
)
def test_the_schema_sees_a_gate_that_is_none(
    path: Path, schema: tuple[str, ...], old: str, new: str, tmp_path: Path
) -> None:
    """Otherwise the test above would prove nothing: one letter less, and nobody would be asked."""
    broken = tmp_path / path.name
    broken.write_text(changed(path.read_text(), old, new))
    assert valid(broken, schema).returncode == 1


@pytest.mark.parametrize("path", [GITHUB, AZURE], ids=["github", "azure"])
def test_no_secret_is_stored_or_asked_for(path: Path) -> None:
    """Signing in is by workload identity; ids are no secrets."""
    text = path.read_text().lower()
    for word in ("secrets.", "client-secret", "client_secret", "creds:", "password"):
        assert word not in text


def test_the_target_is_behind_a_gate_and_after_the_rehearsal() -> None:
    """Only its job says --yes, may ask for a token, and names the environment whose reviewers are asked."""
    rehearsal, target = github("nightly", "shop")
    assert target.data["needs"] == "rehearsal"
    assert target.data["if"] == "${{ inputs.target && inputs.target != 'local' }}"
    assert target.data["environment"] == "fire-drills"
    assert target.data["permissions"]["id-token"] == "write"
    assert "permissions" not in rehearsal.data
    first, second = azure("nightly", "shop")
    assert second.data["environment"] == "fire-drills"
    assert "deployment" in second.data
    text = AZURE.read_text()
    assert text.index("- ${{ if ne(parameters.target, 'local') }}:") < text.index("- stage: target")
    for job in (rehearsal, first):
        assert job.variables == {"SUITE": "nightly", "TARGET": "local"}
        assert not any("--yes" in step.script for step in job.steps)
    for job in (target, second):
        assert job.variables == {"SUITE": "nightly", "TARGET": "shop"}
        assert any("--yes" in step.script for step in job.steps)


@pytest.mark.parametrize("job", [*github("nightly", "shop"), *azure("nightly", "shop")], ids=lambda job: job.name)
def test_what_was_cut_off_is_put_back_and_what_failed_is_published(job: object) -> None:
    """After the drill every step is run whatever happened; on a target the first of them puts back."""
    steps = job.steps  # type: ignore[attr-defined]
    drill = next(index for index, step in enumerate(steps) if step.name == "Drill")
    assert all(step.always for step in steps[drill + 1 :])
    if job.name == "target":  # type: ignore[attr-defined]
        assert steps[drill + 1].script.strip() == ".venv/bin/firedrill recover"
