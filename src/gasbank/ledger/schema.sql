-- The books. Safe to run again: everything is created only where it is missing.
--
-- `journal` and `entries` are the events: a movement and its lines, append-only. Each account is a stream whose lines are
-- numbered without a gap (`sequence`); (xid, version) is the order in which readers take movements of all accounts.
-- `accounts` is the write side's state, folded as the events are appended. Schema ledger_read holds the read side's.
--
-- What the database itself refuses, whatever program writes: a movement whose lines do not add up to zero, a balance
-- that is not the one its last line left, a customer below zero, a change to what was posted.

CREATE SEQUENCE IF NOT EXISTS ledger.bank_version;

CREATE TABLE IF NOT EXISTS ledger.accounts (
    account text COLLATE "C" PRIMARY KEY,
    name    text    NOT NULL,
    system  boolean NOT NULL DEFAULT false,  -- may be negative: the outside world
    short   boolean NOT NULL DEFAULT false,  -- negative since a matched deal took more than there was: an imbalance
    kwh     bigint  NOT NULL DEFAULT 0,
    version bigint  NOT NULL DEFAULT 0,      -- lines in its stream
    CONSTRAINT no_overdraft CHECK (system OR short OR kwh >= 0)
) WITH (fillfactor = 50);  -- balances change all the time: room for updates in place

-- One row per idempotency key: what was asked, and what was answered.
CREATE TABLE IF NOT EXISTS ledger.commands (
    key         text COLLATE "C" PRIMARY KEY,
    kind        text        NOT NULL,
    fingerprint text        NOT NULL,
    id          uuid        NOT NULL,
    version     bigint      NOT NULL,
    posted_at   timestamptz NOT NULL
);

-- The key is not unique here on purpose: an audit must be able to count what `commands` should have prevented.
CREATE TABLE IF NOT EXISTS ledger.journal (
    version   bigint      PRIMARY KEY,
    xid       xid8        NOT NULL DEFAULT pg_current_xact_id(),
    id        uuid        NOT NULL,
    key       text COLLATE "C" NOT NULL,
    kind      text        NOT NULL,
    posted_at timestamptz NOT NULL,
    facts     jsonb       NOT NULL DEFAULT '{}'  -- what the lines do not say: the hour of a flow, the name of an account
);
CREATE INDEX IF NOT EXISTS journal_key ON ledger.journal (key);
CREATE INDEX IF NOT EXISTS journal_order ON ledger.journal (xid, version);
CREATE INDEX IF NOT EXISTS journal_flows ON ledger.journal (version) WHERE kind IN ('injection', 'store-withdrawal', 'unreserved');

CREATE TABLE IF NOT EXISTS ledger.entries (
    version     bigint NOT NULL REFERENCES ledger.journal,
    account     text COLLATE "C" NOT NULL REFERENCES ledger.accounts,
    sequence    bigint NOT NULL,  -- in the stream of the account, from 1
    xid         xid8   NOT NULL DEFAULT pg_current_xact_id(),
    kwh         bigint NOT NULL CHECK (kwh <> 0),
    balance_kwh bigint NOT NULL,  -- of the account, after this line
    PRIMARY KEY (version, account),
    CONSTRAINT one_line_per_sequence UNIQUE (account, sequence)
);
CREATE INDEX IF NOT EXISTS entries_order ON ledger.entries (account, xid, version) INCLUDE (kwh);

-- What readers ask: folded from the events by the projector, rebuilt from zero at any time.
CREATE SCHEMA IF NOT EXISTS ledger_read;

CREATE TABLE IF NOT EXISTS ledger_read.checkpoint (
    name    text   PRIMARY KEY,
    xid     xid8   NOT NULL DEFAULT '0',
    version bigint NOT NULL DEFAULT 0,
    events  bigint NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS ledger_read.balances (
    account text COLLATE "C" PRIMARY KEY,
    name    text   NOT NULL DEFAULT '',
    kwh     bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,  -- of the newest movement that is in it
    lines   bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS ledger_read.statements (
    account     text COLLATE "C" NOT NULL,
    version     bigint      NOT NULL,
    sequence    bigint      NOT NULL,
    key         text COLLATE "C" NOT NULL,
    kind        text        NOT NULL,
    kwh         bigint      NOT NULL,
    balance_kwh bigint      NOT NULL,
    posted_at   timestamptz NOT NULL,
    PRIMARY KEY (account, version)
);
CREATE TABLE IF NOT EXISTS ledger_read.totals (
    kind      text   PRIMARY KEY,         -- of movement
    movements bigint NOT NULL DEFAULT 0,
    lines     bigint NOT NULL DEFAULT 0,
    kwh       bigint NOT NULL DEFAULT 0,  -- moved: the positive lines
    sum_kwh   bigint NOT NULL DEFAULT 0   -- of all lines: zero, or gas was made
);
INSERT INTO ledger_read.checkpoint (name) VALUES ('books') ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION ledger.movement_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) < 2 OR sum(kwh) <> 0 FROM ledger.entries WHERE version = NEW.version) THEN
        RAISE EXCEPTION 'movement % does not add up to zero', NEW.version USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION ledger.balance_follows_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT (a.kwh, a.version) <> (coalesce(last.balance_kwh, 0), coalesce(last.sequence, 0))
        FROM ledger.accounts a LEFT JOIN LATERAL (
            SELECT e.balance_kwh, e.sequence FROM ledger.entries e WHERE e.account = a.account ORDER BY e.sequence DESC LIMIT 1
        ) AS last ON true
        WHERE a.account = NEW.account) THEN
        RAISE EXCEPTION 'the balance of % is not what its last line left', NEW.account USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION ledger.posted_is_posted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: post a movement that corrects it', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'journal_adds_up' AND tgrelid = 'ledger.journal'::regclass) THEN
        CREATE CONSTRAINT TRIGGER journal_adds_up AFTER INSERT ON ledger.journal
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN (NEW.kind NOT IN ('open-account', 'unreserved')) EXECUTE FUNCTION ledger.movement_adds_up();
        CREATE CONSTRAINT TRIGGER entries_add_up AFTER INSERT ON ledger.entries
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.movement_adds_up();
        CREATE CONSTRAINT TRIGGER balance_follows AFTER INSERT OR UPDATE OF kwh, version ON ledger.accounts
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.balance_follows_lines();
        CREATE TRIGGER journal_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.journal
            EXECUTE FUNCTION ledger.posted_is_posted();
        CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.entries
            EXECUTE FUNCTION ledger.posted_is_posted();
    END IF;
END $$;

-- The outside world, and the plant. The plant may not be below zero: nobody takes out what is not in it.
INSERT INTO ledger.accounts (account, name, system)
VALUES ('GRID', 'the outside world', true), ('PLANT', 'gas in the plant', false) ON CONFLICT DO NOTHING;
INSERT INTO ledger_read.balances (account, name)
VALUES ('GRID', 'the outside world'), ('PLANT', 'gas in the plant') ON CONFLICT DO NOTHING;
