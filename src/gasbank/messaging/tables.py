"""The tables of one capability's outbox and inbox. Rows are written in the transaction of what they tell."""


def sql(schema: str) -> str:
    """Idempotent DDL for `schema`."""
    return f"""
CREATE TABLE IF NOT EXISTS {schema}.outbox (
    position    bigserial   PRIMARY KEY,
    id          uuid        NOT NULL UNIQUE,
    kind        text        NOT NULL,
    receiver    text        NOT NULL,
    party       text        NOT NULL,
    body        jsonb       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    sequence    bigint,
    sent_at     timestamptz,
    bus         text,
    archived_at timestamptz,
    region      text,
    attempts    int         NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS outbox_waiting ON {schema}.outbox (position) WHERE sent_at IS NULL;
"""
