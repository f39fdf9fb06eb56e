"""What a stage's configuration says of the front door's routes, and how mistakes in it are told."""

import json
from pathlib import Path
from typing import Any

import pytest

from azsim.errors import StageError
from azsim.settings import RouteSpec, load

READS = {"path": "/", "service": "reads", "methods": ["GET", "HEAD"]}
COMMANDS = {"path": "/", "service": "commands"}


def written(folder: Path, *routes: dict[str, Any]) -> Path:
    file = folder / "stage.json"
    file.write_text(json.dumps({"cwd": str(folder), "routes": routes}))
    return file


def test_two_routes_may_share_a_path_when_methods_tell_them_apart(tmp_path: Path) -> None:
    """One without methods is another than one with some."""
    config = load(written(tmp_path, READS, COMMANDS))
    assert config.routes == [RouteSpec("/", "reads", methods=["GET", "HEAD"]), RouteSpec("/", "commands")]


@pytest.mark.parametrize(
    ("routes", "what"),
    [
        ([COMMANDS, {"path": "/", "service": "other"}], "two routes take the same requests"),
        ([READS, {"path": "/", "service": "other", "methods": ["POST", "GET"]}], "two routes take the same requests"),
        ([{**READS, "methods": ["FETCH"]}], "Invalid enum value 'FETCH'"),
    ],
)
def test_routes_that_make_no_sense_are_refused(tmp_path: Path, routes: list[dict[str, Any]], what: str) -> None:
    """When the stage starts, not at the first request."""
    with pytest.raises(StageError, match=what):
        load(written(tmp_path, *routes))
