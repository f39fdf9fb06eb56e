"""The three statements of the write side: look, open an account, append a movement."""

from sqlalchemy import text

LOOK = text(
    """
    SELECT command.*, (
        SELECT coalesce(json_object_agg(account, kwh), '{}') FROM ledger.accounts WHERE account = ANY(:accounts)
    ) AS balances
    FROM (VALUES (1)) AS always LEFT JOIN ledger.commands AS command ON command.key = :key"""
)
OPEN = text(
    """
    WITH stamp AS MATERIALIZED (
        SELECT nextval('ledger.bank_version') AS version, gen_random_uuid() AS id, clock_timestamp() AS posted_at
    ),
    opened AS (
        INSERT INTO ledger.accounts (account, name) VALUES (:account, :name)
    ),
    posted AS (
        INSERT INTO ledger.journal (version, id, key, kind, posted_at, facts)
        SELECT version, id, CAST(:key AS text), CAST(:kind AS text), posted_at,
            jsonb_build_object('account', CAST(:account AS text), 'name', CAST(:name AS text)) || CAST(:actor AS jsonb)
        FROM stamp
    )
    INSERT INTO ledger.commands (key, kind, fingerprint, id, version, posted_at)
    SELECT :key, :kind, :fingerprint, id, version, posted_at FROM stamp
    RETURNING id, key, kind, posted_at, version"""
)
POST = text(
    """
    WITH line AS (
        SELECT * FROM unnest(CAST(:accounts AS text[]), CAST(:kwhs AS bigint[])) AS line (account, kwh)
    ),
    locked AS MATERIALIZED (
        SELECT account FROM ledger.accounts WHERE account = ANY(:accounts) ORDER BY account FOR UPDATE
    ),
    -- The version is drawn under the locks: along each account, versions rise in the order of the commits.
    stamp AS MATERIALIZED (
        SELECT nextval('ledger.bank_version') AS version, gen_random_uuid() AS id, clock_timestamp() AS posted_at
        FROM (SELECT count(*) AS n FROM locked) AS all_locked WHERE n = cardinality(CAST(:accounts AS text[]))
    ),
    posted AS (
        INSERT INTO ledger.journal (version, id, key, kind, posted_at, facts)
        SELECT version, id, CAST(:key AS text), CAST(:event AS text), posted_at, CAST(:facts AS jsonb) FROM stamp
    ),
    moved AS (
        UPDATE ledger.accounts AS a SET kwh = a.kwh + line.kwh, version = a.version + 1,
            short = NOT a.system AND a.kwh + line.kwh < 0 AND (CAST(:may_lack AS boolean) OR line.kwh > 0)
        FROM line, stamp WHERE a.account = line.account
        RETURNING a.account, a.version AS sequence, line.kwh, a.kwh AS balance_kwh, stamp.version
    ),
    lines AS (
        INSERT INTO ledger.entries (version, account, sequence, kwh, balance_kwh)
        SELECT version, account, sequence, kwh, balance_kwh FROM moved
    ),
    -- What others must learn leaves in the same transaction; the publisher sends it, whenever there is a bus.
    told AS (
        INSERT INTO ledger.outbox (id, kind, receiver, party, body)
        SELECT gen_random_uuid(), draft.kind, draft.receiver, draft.party,
            CASE draft.kind WHEN 'posted' THEN draft.body || jsonb_build_object(
                'id', stamp.id, 'version', stamp.version, 'posted_at', to_char(stamp.posted_at AT TIME ZONE 'UTC', :iso),
                'lines', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object('account', account, 'kwh', kwh, 'balance_kwh', balance_kwh, 'sequence', sequence) ORDER BY account), '[]')
                    FROM moved WHERE split_part(account, '/', 1) = draft.party
                )
            ) ELSE draft.body END
        FROM stamp, jsonb_to_recordset(CAST(:drafts AS jsonb)) AS draft (kind text, receiver text, party text, body jsonb)
    )
    INSERT INTO ledger.commands (key, kind, fingerprint, id, version, posted_at)
    SELECT :key, :kind, :fingerprint, id, version, posted_at FROM stamp
    RETURNING id, key, kind, posted_at, version"""
)
ISO = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
