"""`chaos discover firedrill`, as Chaos Toolkit itself does it."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def activities(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("discover")
    chaos = Path(sys.executable).parent / "chaos"
    command = [chaos, "--no-version-check", "discover", "firedrill", "--no-install"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return list(json.loads((folder / "discovery.json").read_text())["activities"])


def test_every_activity_has_its_arguments_with_types_and_says_what_it_does(activities: list[dict[str, Any]]) -> None:
    """Without a type or a word an experiment cannot be written from the list."""
    assert {"force_failover", "fail_back", "role_of"} <= {one["name"] for one in activities}
    for one in activities:
        assert one["doc"], one["name"]
        assert all("type" in argument for argument in one["arguments"]), one["name"]


def test_every_fault_names_its_undo_and_that_exists(activities: list[dict[str, Any]]) -> None:
    """A fault whose reversibility needs somebody's hand names the function that does it."""
    faults = 0
    for one in activities:
        action = getattr(importlib.import_module(one["mod"]), one["name"])
        declared = getattr(action, "declared", None)
        if declared is None:
            continue
        faults += 1
        assert declared.undo or declared.reversibility in {"self-heals", "one-way"}, one["name"]
        if declared.undo:
            module, _, name = declared.undo.rpartition(".")
            assert callable(getattr(importlib.import_module(module), name)), declared.undo
    assert faults >= 3
