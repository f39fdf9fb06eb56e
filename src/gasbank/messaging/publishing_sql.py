"""The statements of one publisher, for its schema. The indexes that they go by are in `tables`; ORDER BY makes sure that they do."""

from functools import cache
from typing import NamedTuple

from sqlalchemy import TextClause, text

from gasbank.messaging.queues import OUTSIDE

TIMELINE = "CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END"

ANYTHING = f"""SELECT {TIMELINE} AS timeline,
    (SELECT true FROM {{schema}}.outbox WHERE sequence IS NULL ORDER BY xid, position LIMIT 1) IS NOT NULL
    OR (SELECT true FROM {{schema}}.outbox WHERE sent_at IS NULL AND sequence IS NOT NULL
        ORDER BY receiver, xid, position LIMIT 1) IS NOT NULL AS waits"""  # noqa: S608 - a constant

NUMBER = """WITH fresh AS MATERIALIZED (
        SELECT position, receiver, party, xid FROM {schema}.outbox
        WHERE sequence IS NULL AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, position LIMIT :limit
    ),
    place AS MATERIALIZED (
        SELECT position, receiver, party, row_number() OVER (PARTITION BY receiver, party ORDER BY xid, position) AS nth,
            count(*) OVER (PARTITION BY receiver, party) AS n
        FROM fresh
    ),
    line AS (
        INSERT INTO {schema}.outbox_lines AS l (receiver, party, last)
        SELECT DISTINCT receiver, party, n FROM place
        ON CONFLICT (receiver, party) DO UPDATE SET last = l.last + excluded.last
        RETURNING receiver, party, last
    )
    UPDATE {schema}.outbox AS o SET sequence = line.last - place.n + place.nth
    FROM place JOIN line USING (receiver, party) WHERE o.position = place.position"""

READY = """SELECT o.* FROM unnest(CAST(:receivers AS text[])) AS r (receiver) CROSS JOIN LATERAL (
        SELECT id, kind, receiver, party, body::text AS body, sequence, created_at, reason FROM {schema}.outbox
        WHERE receiver = r.receiver AND sent_at IS NULL AND sequence IS NOT NULL ORDER BY xid, position LIMIT :limit
    ) AS o"""

# Only in the database that it was sent for: one that was promoted since may know it under another sequence, or its receiver may not.
MARK = f"""UPDATE {{schema}}.outbox AS o SET sent_at = clock_timestamp(), bus = sent.bus
    FROM unnest(CAST(:ids AS uuid[]), CAST(:buses AS text[])) AS sent (id, bus)
    WHERE o.id = sent.id AND o.sent_at IS NULL AND {TIMELINE} = :timeline"""  # noqa: S608

SPOIL = """UPDATE {schema}.outbox AS o SET reason = spoiled.reason
    FROM unnest(CAST(:ids AS uuid[]), CAST(:reasons AS text[])) AS spoiled (id, reason) WHERE o.id = spoiled.id"""

SEE = """INSERT INTO {schema}.outbox_history (timeline) VALUES (:timeline) ON CONFLICT DO NOTHING
    RETURNING (SELECT count(*) FROM {schema}.outbox_history) AS earlier"""

# Back from the newest mark that this database has, however long ago that was. The customers keep what they have: no inbox of ours is theirs.
RESEND = f"""WITH newest AS MATERIALIZED (
        SELECT position, receiver, sent_at FROM {{schema}}.outbox
        WHERE position > (SELECT max(position) - 20000 FROM {{schema}}.outbox)
    )
    UPDATE {{schema}}.outbox AS o SET sent_at = NULL, bus = NULL FROM newest
    WHERE o.position = newest.position AND newest.receiver <> '{OUTSIDE}'
        AND newest.sent_at >= (SELECT max(sent_at) FROM newest) - make_interval(secs => :seconds)"""  # noqa: S608

# What the bus took last before another one was used may lie there, and hold up all that follows it. Each message once, however often that changes.
STRANDED = f"""WITH newest AS MATERIALIZED (
        SELECT position, sent_at, attempts FROM {{schema}}.outbox
        WHERE position > (SELECT max(position) - 20000 FROM {{schema}}.outbox)
            AND receiver = :receiver AND receiver <> '{OUTSIDE}' AND bus = :bus
    )
    UPDATE {{schema}}.outbox AS o SET sent_at = NULL, bus = NULL, attempts = newest.attempts + 1 FROM newest
    WHERE o.position = newest.position AND newest.attempts = 0
        AND newest.sent_at >= (SELECT max(sent_at) FROM newest) - make_interval(secs => :seconds)"""  # noqa: S608

FORGET = "UPDATE {schema}.outbox SET sent_at = clock_timestamp() WHERE sent_at IS NULL"


class Statements(NamedTuple):
    anything: TextClause
    number: TextClause
    ready: TextClause
    mark: TextClause
    spoil: TextClause
    see: TextClause
    resend: TextClause
    stranded: TextClause
    forget: TextClause


@cache
def statements(schema: str) -> Statements:
    every = (ANYTHING, NUMBER, READY, MARK, SPOIL, SEE, RESEND, STRANDED, FORGET)
    return Statements(*(text(each.format(schema=schema)) for each in every))
