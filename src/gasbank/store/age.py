"""How old an answer is. Every read says so: `as_of`, and `stale` when it may be older than a reader should believe.

On a standby that is the commit time of the last transaction that it replayed (null when it has replayed none since it started:
unknown, not zero), on a primary now.
"""

from datetime import UTC, datetime
from typing import Any

STALE_S = 5
"""Seconds: what a forced failover may lose by the platform's promise. An answer that may be older says so."""

AS_OF = f"""CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() ELSE clock_timestamp() END AS as_of,
        pg_is_in_recovery() AND clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(), '-infinity')
            > interval '{STALE_S} s' AS stale"""
"""Two columns of a question; `age` makes an answer of them."""


def age(row: Any) -> dict[str, Any]:
    """`as_of` and `stale` of a row that was asked for with AS_OF."""
    return {"as_of": moment(row.as_of), "stale": row.stale}


def moment(value: datetime | None) -> str | None:
    return None if value is None else iso(value)


def iso(value: datetime) -> str:
    """ISO 8601 in UTC, with microseconds."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
