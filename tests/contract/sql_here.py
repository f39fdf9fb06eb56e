"""The stage's SQL service with its databases, over sockets, and what its tests ask in SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from azure.mgmt.sql import SqlManagementClient
from contract.arm_stand import ArmStand, arm_stand
from contract.running_stage import until

from azsim.sql.service import Sql

GROUP, DATABASE = "gasbank", "gasbank"
TABLE = "create table if not exists kept (number bigserial primary key, at timestamptz default clock_timestamp())"


class Here:
    """`sql` is azure-mgmt-sql as it comes; `service` is what it talks to."""

    def __init__(self, stand: ArmStand) -> None:
        self.stand = stand
        self.service: Sql = stand.services[0]
        self.sql: Any = stand.management(SqlManagementClient)

    @property
    def status(self) -> dict[str, Any]:
        return self.service.status()

    def url(self, server: str, database: str = DATABASE) -> str:
        """A database at its server's own address."""
        return str(self.status["servers"][server]["url"]).rpartition("/")[0] + f"/{database}"

    def fault(self, name: str, **faults: bool) -> None:
        self.stand.call(self.service.fault(name, faults))

    def events(self, name: str) -> list[dict[str, Any]]:
        return [each.data for each in self.stand.log.after(0) if each.event == name]

    def until_restorable(self) -> None:
        until(
            lambda: bool(self.sql.databases.get(GROUP, "dbp", DATABASE).properties.earliest_restore_date),
            20,
            "backed up",
        )


def numbers(url: str) -> list[int]:
    with psycopg.connect(url, connect_timeout=5) as connection:
        return [row[0] for row in connection.execute("select number from kept order by number").fetchall()]


def insert(url: str, times: int = 1) -> list[int]:
    """So many commits; their numbers."""
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute(TABLE)
        rows = [connection.execute("insert into kept default values returning number").fetchone() for _ in range(times)]
    return [row[0] for row in rows if row]


def reached(url: str) -> str:
    """What was said instead of taking a login there and answering; "" when it was taken."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("select 1")
    except psycopg.Error as error:
        return str(error) or type(error).__name__
    return ""


@contextmanager
def sql_here(folder: Path, lag_s: float = 0.0) -> Iterator[Here]:
    with arm_stand(folder, lambda ground: Sql(ground, lag_s)) as stand:
        yield Here(stand)
