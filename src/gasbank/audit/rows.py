"""The rows that are sealed, as the database has them: what an auditor's eye would read of each.

A row is taken when no transaction that is older than its own is still running: so none can slip in behind the seal, and each source is
sealed in the order (xid, number). The lines of a movement belong to it.
"""

ISO = '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\''
JOURNAL = f"""jsonb_build_object('id', r.id, 'key', r.key, 'kind', r.kind, 'facts', r.facts,
    'posted_at', to_char(r.posted_at AT TIME ZONE 'UTC', {ISO}), 'lines', (
        SELECT coalesce(jsonb_agg(jsonb_build_array(e.account, e.sequence, e.kwh, e.balance_kwh) ORDER BY e.account), '[]')
        FROM ledger.entries e WHERE e.version = r.version))"""  # noqa: S608 - constants
EVENTS = f"""jsonb_build_object('id', r.id, 'occurred_at', to_char(r.occurred_at AT TIME ZONE 'UTC', {ISO}),
    'instance', r.instance, 'actor', r.actor, 'event', r.event, 'data', r.data)"""
SOURCES = {"journal": ("ledger.journal", "version", JOURNAL), "events": ("audit.events", "position", EVENTS)}
"""source -> (table, the column of its number, its content as jsonb over the row r)"""

LAST = "SELECT xid, number FROM audit.chain WHERE source = '{source}' ORDER BY xid DESC, number DESC LIMIT 1"


def unsealed(source: str) -> str:
    """The next `:limit` rows that can be sealed."""
    table, number, content = SOURCES[source]
    return f"""WITH last AS MATERIALIZED (
        SELECT xid, number FROM ({LAST.format(source=source)}) AS newest UNION ALL SELECT '0'::xid8, 0 ORDER BY xid DESC LIMIT 1
    ), next AS MATERIALIZED (
        SELECT r.* FROM {table} r WHERE (r.xid, r.{number}) > ((SELECT xid FROM last), (SELECT number FROM last))
            AND r.xid >= (SELECT xid FROM last) AND r.xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY r.xid, r.{number} LIMIT :limit
    )
    SELECT r.xid::text AS xid, r.{number} AS number, {content} AS content FROM next r ORDER BY r.xid, r.{number}"""  # noqa: S608


def sealed(source: str) -> str:
    """A page of links with their rows; `content` is null where the row is gone."""
    table, number, content = SOURCES[source]
    return f"""SELECT c.link, c.source, c.xid::text AS xid, c.number, c.row_hash, c.hash,
        CASE WHEN r.{number} IS NOT NULL THEN {content} END AS content
    FROM audit.chain c LEFT JOIN {table} r ON r.{number} = c.number AND r.xid = c.xid
    WHERE c.source = '{source}' AND c.link > :after AND c.link <= :until"""  # noqa: S608


def slipped_in(source: str) -> str:
    """Rows before the newest sealed one that no link knows."""
    table, number, _ = SOURCES[source]
    return f"""WITH last AS MATERIALIZED ({LAST.format(source=source)})
    SELECT r.{number} AS number FROM {table} r, last WHERE (r.xid, r.{number}) <= (last.xid, last.number)
        AND NOT EXISTS (SELECT FROM audit.chain c WHERE c.source = '{source}' AND c.xid = r.xid AND c.number = r.{number})
    ORDER BY r.{number} LIMIT :limit"""  # noqa: S608
