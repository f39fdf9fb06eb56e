"""One rehearsal stage for all end-to-end drills of a session; a database, and two regions of blobs, for each file of the bank's tests."""

from collections.abc import Iterator

import pytest
from e2e.drilling import Place
from unit.gasbank.stand import Cluster, running_cluster
from unit.gasbank_archive.vault import Regions, running_regions


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A stage that is up, in a firedrill home of its own, without added replication lag."""
    here = Place(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("reports"))
    up = here.call("stage", "up", "--set", "stage.replication_lag=0ms")
    assert up.returncode == 0, up.stderr
    yield here
    assert here.call("stage", "down").returncode == 0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regions]:
    with running_regions(tmp_path_factory.mktemp("regions")) as regions:
        yield regions
