"""The tables of one capability's outbox and inbox. Rows are written in the transaction of what they tell.

outbox        what is to be said. `sequence` counts along (receiver, party) without gaps and is given by the publisher, once
              nothing older can commit any more; `sent_at` and `bus` tell how it left. `reason`: why it was sent as `void`.
              `attempts`: how often it was sent again because its bus was left
outbox_history the timelines of the database (it gets a new one when a replica is promoted) that the publisher has seen
outbox_lines  the last sequence given, per (receiver, party)
inbox         what was heard, once per `id`. Processed means: its effect is in the same commit. Such rows are pruned in the end.
              Quarantined rows count as processed, stay, and wait for people: `reason` says why.
inbox_lines   the last sequence handled, per (sender, party); whoever handles a line holds its row. `repeated_at`: when more was handled
              than the line advanced by, so something twice; `disorder_at`: when something was handled that did not follow

All of them belong to one database and are lost together when a forced failover loses history; only a bus remembers more.
A message under a sequence that another one has used is quarantined as `other-history`: it is from a past that does not count.
"""

OTHER_HISTORY = "other-history"


def sql(schema: str) -> str:
    """Idempotent DDL for `schema`."""
    return f"{outbox(schema)}\n{inbox(schema)}"


def outbox(schema: str) -> str:
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
    reason      text,
    attempts    int         NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS outbox_fresh ON {schema}.outbox (xid, position) WHERE sequence IS NULL;
CREATE INDEX IF NOT EXISTS outbox_ready ON {schema}.outbox (receiver, xid, position)
    WHERE sent_at IS NULL AND sequence IS NOT NULL;
CREATE TABLE IF NOT EXISTS {schema}.outbox_lines (
    receiver text   NOT NULL,
    party    text   NOT NULL,
    last     bigint NOT NULL,
    PRIMARY KEY (receiver, party)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS {schema}.outbox_history (
    timeline text        PRIMARY KEY,
    seen_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""


def inbox(schema: str) -> str:
    return f"""
CREATE TABLE IF NOT EXISTS {schema}.inbox (
    id             uuid        PRIMARY KEY,
    sender         text        NOT NULL,
    party          text        NOT NULL,
    sequence       bigint      NOT NULL,
    kind           text        NOT NULL,
    body           jsonb       NOT NULL,
    in_reply_to    text        NOT NULL DEFAULT '',
    occurred_at    timestamptz NOT NULL,
    received_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    bus            text        NOT NULL,
    attempts       int         NOT NULL DEFAULT 0,
    processed_at   timestamptz,
    quarantined_at timestamptz,
    reason         text
);
CREATE UNIQUE INDEX IF NOT EXISTS inbox_one_per_sequence ON {schema}.inbox (sender, party, sequence)
    WHERE reason IS DISTINCT FROM '{OTHER_HISTORY}';
CREATE INDEX IF NOT EXISTS inbox_waiting ON {schema}.inbox (sender, party, sequence) WHERE processed_at IS NULL;
CREATE INDEX IF NOT EXISTS inbox_done ON {schema}.inbox (processed_at)
    WHERE processed_at IS NOT NULL AND quarantined_at IS NULL;
CREATE INDEX IF NOT EXISTS inbox_quarantined ON {schema}.inbox (quarantined_at) WHERE quarantined_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS {schema}.inbox_lines (
    sender text   NOT NULL,
    party  text   NOT NULL,
    last   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (sender, party)
) WITH (fillfactor = 50);
ALTER TABLE {schema}.inbox_lines ADD COLUMN IF NOT EXISTS repeated_at timestamptz, ADD COLUMN IF NOT EXISTS disorder_at timestamptz;
"""
