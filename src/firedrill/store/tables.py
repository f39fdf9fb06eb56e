"""The tables of a run: append-only JSON lines while the drill runs, Parquet afterwards, the same rows from either.

A table is the lines of one or more raw files. After a crash the raw lines are read as they are; a torn last line
is left out. Conversion is DuckDB's, so that 500,000 requests take about a second and no Python loop.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from firedrill.errors import FiredrillError
from firedrill.model.history import Request, Sample, Stored, Write


class Table(NamedTuple):
    """`columns` are DuckDB types in the order of the fields of `row`."""

    name: str
    raw: tuple[str, ...]
    row: type
    columns: dict[str, str]

    @property
    def file(self) -> str:
        return f"{self.name}.parquet"


TIMES = {"due": "DOUBLE", "sent": "DOUBLE", "done": "DOUBLE"}
SAMPLES = Table(
    "samples",
    ("samples.jsonl",),
    Sample,
    {"watch": "VARCHAR", "connection": "VARCHAR", "seq": "BIGINT", **TIMES}
    | {"outcome": "VARCHAR", "code": "VARCHAR", "value": "VARCHAR", "burst": "BOOLEAN"},
)
REQUESTS = Table(
    "requests",
    ("requests.jsonl",),
    Request,
    {"journey": "VARCHAR", **TIMES, "outcome": "VARCHAR", "code": "VARCHAR"},
)
LEDGER = Table(
    "ledger",
    ("ledger-watch.jsonl", "ledger-load.jsonl"),
    Write,
    {"id": "VARCHAR", "kind": "VARCHAR", "detail": "VARCHAR", "source": "VARCHAR"}
    | {"attempted": "DOUBLE", "answered": "DOUBLE", "answer": "VARCHAR"},
)
STORED = Table("stored", ("stored.jsonl",), Stored, {"witness": "VARCHAR", "id": "VARCHAR", "times": "BIGINT"})
TABLES = (SAMPLES, REQUESTS, LEDGER, STORED)

# The ledger has a line when a write is attempted and one each time it is answered; one row is made of all. Once acknowledged it is that.
MERGED = """
    SELECT id, max(kind), max(detail), max(source), min(attempted), max(answered),
        CASE WHEN bool_or(answer = 'acknowledged') THEN 'acknowledged' ELSE coalesce(max(answer), 'unknown') END
    FROM lines GROUP BY id ORDER BY min(attempted), id
"""
IN_ORDER = {
    "samples": "SELECT * FROM lines ORDER BY due, watch, connection, seq",
    "requests": "SELECT * FROM lines ORDER BY due, sent, journey",
    "ledger": MERGED,
    "stored": "SELECT * FROM lines ORDER BY witness, id",
}


def connect() -> Any:
    """A DuckDB in memory that never reaches for the network."""
    import duckdb

    return duckdb.connect(config={"autoinstall_known_extensions": "false", "threads": "2"})


def raw_lines(folder: Path, table: Table) -> list[Path]:
    return [folder / name for name in table.raw if (folder / name).exists()]


def lines_to_relation(database: Any, folder: Path, table: Table) -> None:
    """Make the view `lines` over the raw files; a torn last line is skipped."""
    files = raw_lines(folder, table)
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in table.columns.items())
    source = (
        f"read_json([{', '.join(quoted(path) for path in files)}], format='newline_delimited', "
        f"columns={{{columns}}}, ignore_errors=true, maximum_object_size=1048576)"
        if files
        else f"(SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind in table.columns.items())})"
    )
    whole = f"{next(iter(table.columns))} IS NOT NULL"  # DuckDB makes a torn line a row of nulls
    database.execute(f"CREATE OR REPLACE VIEW lines AS SELECT * FROM {source} WHERE {whole}")  # noqa: S608 - our own paths


def quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def to_parquet(folder: Path, table: Table) -> None:
    """Turn the raw lines of one table into `<name>.parquet` and remove them; does nothing when that was done before."""
    target = folder / table.file
    if target.exists() and not raw_lines(folder, table):
        return
    with (
        connect() as database,
        said_plainly(f"cannot write {target.name}", folder, "free disk space: firedrill report RUN"),
    ):
        lines_to_relation(database, folder, table)
        names = ", ".join(table.columns)
        database.execute(
            f"COPY (SELECT * FROM ({IN_ORDER[table.name]}) AS t({names})) TO {quoted(target)} (FORMAT parquet)"  # noqa: S608
        )
    for path in raw_lines(folder, table):
        path.unlink()


def rows(folder: Path, table: Table) -> Iterator[Any]:
    """Every row of a table, from Parquet when it is there and from the raw lines when it is not."""
    target = folder / table.file
    with (
        connect() as database,
        said_plainly(f"cannot read {target.name}", folder, "firedrill verify RUN says what was changed"),
    ):
        if target.exists() and not raw_lines(folder, table):
            database.execute(f"SELECT * FROM read_parquet({quoted(target)})")  # noqa: S608
        else:
            lines_to_relation(database, folder, table)
            database.execute(IN_ORDER[table.name])
        return map(table.row._make, database.fetchall())  # type: ignore[attr-defined]


@contextmanager
def said_plainly(what: str, folder: Path, advice: str) -> Iterator[None]:
    """What the database or the disk says, as an error of ours."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, OSError) and not type(error).__module__.startswith(("duckdb", "_duckdb")):
            raise
        raise FiredrillError(f"{what}: {str(error).splitlines()[0]}", where=str(folder), next_step=advice) from error


def encode_line(record: Any) -> bytes:
    """One JSON line of a NamedTuple or mapping."""
    body = record._asdict() if hasattr(record, "_asdict") else record
    return msgspec.json.encode(body) + b"\n"
