"""A database for each file of these tests, and scenarios that are played on empty tables."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from unit.gasbank.stand import Cluster, running_cluster
from unit.gasbank_messaging.mail import Mail, Play, emptied, prepared


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> str:
    return prepared(cluster)


@pytest.fixture
def play(cluster: Cluster, database: str) -> Play:
    """Plays a scenario on empty tables."""

    def play(scenario: Callable[[Mail], Awaitable[None]]) -> None:
        async def whole() -> None:
            mail = Mail(cluster, database)
            try:
                await scenario(mail)
            finally:
                await mail.close()

        emptied(cluster, database)
        asyncio.run(whole())

    return play
