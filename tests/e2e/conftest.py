"""One rehearsal stage for all end-to-end drills of a session."""

from collections.abc import Iterator

import pytest
from e2e.drilling import Place


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A stage that is up, in a firedrill home of its own, without added replication lag."""
    here = Place(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("reports"))
    up = here.call("stage", "up", "--set", "stage.replication_lag=0ms")
    assert up.returncode == 0, up.stderr
    yield here
    assert here.call("stage", "down").returncode == 0
