"""Making the books: by a login that may create roles, by one that may not, twice, and by two at once."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text
from unit.gasbank.stand import Cluster, environment, running_cluster

from gasbank.ledger.commands import OpenAccount
from gasbank.ledger.posting import post
from gasbank.settings import Settings, settings
from gasbank.store.engine import make_engine

pytestmark = pytest.mark.e2e


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """One for each test: roles belong to the whole server."""
    with running_cluster() as cluster:
        yield cluster


def owned(cluster: Cluster, login: str, rights: str) -> dict[str, str]:
    """The environment of a bank whose login owns its database, as the stage makes it, and has these rights."""
    cluster.execute("postgres", f"CREATE ROLE {login} LOGIN PASSWORD 'x' {rights}")
    cluster.execute("postgres", f"CREATE DATABASE {login} OWNER {login}")
    made = environment(cluster, login, cluster.port, cluster.port, 1)
    address = f"postgresql://{login}:x@127.0.0.1:{cluster.port}/{login}"
    return made | {"SQL_READ_WRITE": address, "SQL_READ_ONLY": address}


def migrate(made: dict[str, str], times: int = 1) -> list[tuple[int, str]]:
    """Exit code and stderr of so many migrations at once."""
    command = [sys.executable, "-m", "gasbank", "migrate"]
    running = [subprocess.Popen(command, env=made, stderr=subprocess.PIPE, text=True) for _ in range(times)]
    said = [each.communicate(timeout=60)[1] for each in running]
    return [(each.returncode, text) for each, text in zip(running, said, strict=True)]


async def acting_as(chosen: Settings) -> str:
    """The role that a connection of the ledger has, after it has posted something."""
    engine = make_engine(chosen.sql_read_write, "test", 1, chosen.habits)
    async with engine.connect() as connection:
        await post(connection, "k", OpenAccount("alice", "Alice"))
        role = (await connection.execute(text("SELECT current_user"))).scalar_one()
    await engine.dispose()
    return str(role)


def test_a_login_that_may_create_roles_acts_as_its_capability(cluster: Cluster) -> None:
    """Each connection takes the role of its capability. Two migrations at once, and one more, change nothing."""
    made = owned(cluster, "owner", "CREATEROLE")
    assert migrate(made, times=2) == [(0, ""), (0, "")]
    assert asyncio.run(acting_as(settings(made))) == "gasbank_ledger"
    assert migrate(made) == [(0, "")]
    assert cluster.execute("owner", "SELECT count(*) FROM ledger.accounts") == [(3,)]


def test_a_login_that_may_not_is_told_so_and_works(cluster: Cluster) -> None:
    """The bank works with the login's own rights, and the migration says what that means and what to do."""
    made = owned(cluster, "owner", "")
    [(code, said)] = migrate(made)
    assert (code, "give it CREATEROLE and migrate again" in said) == (0, True)
    assert asyncio.run(acting_as(settings(made))) == "owner"


def test_rights_that_come_later_are_used(cluster: Cluster) -> None:
    """The books are made without roles; with CREATEROLE and another migration, connections take their roles."""
    made = owned(cluster, "owner", "")
    migrate(made)
    cluster.execute("postgres", "ALTER ROLE owner CREATEROLE")
    assert migrate(made) == [(0, "")]
    chosen = replace(settings(made), instance="later")
    assert asyncio.run(acting_as(chosen)) == "gasbank_ledger"
