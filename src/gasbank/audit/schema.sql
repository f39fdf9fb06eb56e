-- What happened, and the chain that seals it. Safe to run again.
--
-- Whoever notices something inserts into `events` and waits for nobody. A sealing step, one at a time, comes after and chains the
-- rows of `events` and of the ledger's journal, each in the order in which their transactions became final.

CREATE TABLE IF NOT EXISTS audit.events (
    position    bigserial   PRIMARY KEY,
    id          uuid        NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    instance    text        NOT NULL DEFAULT current_setting('application_name'),
    actor       text        NOT NULL,
    event       text        NOT NULL,
    data        jsonb       NOT NULL
);
CREATE INDEX IF NOT EXISTS events_order ON audit.events (xid, position);
CREATE INDEX IF NOT EXISTS events_kind ON audit.events (event, position);

-- `xid, number`: the place of the sealed row in its source. `row_hash` is of that row, `hash` of this link and the one before.
CREATE TABLE IF NOT EXISTS audit.chain (
    link      bigint      PRIMARY KEY,
    source    text        NOT NULL CHECK (source IN ('events', 'journal')),
    xid       xid8        NOT NULL,
    number    bigint      NOT NULL,
    row_hash  bytea       NOT NULL,
    hash      bytea       NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (source, xid, number)
);

CREATE OR REPLACE FUNCTION audit.said_is_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'events_stay' AND tgrelid = 'audit.events'::regclass) THEN
        CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.events
            EXECUTE FUNCTION audit.said_is_said();
        CREATE TRIGGER chain_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.chain
            EXECUTE FUNCTION audit.said_is_said();
    END IF;
END $$;
