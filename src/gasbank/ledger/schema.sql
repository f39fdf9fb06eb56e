-- The books. Safe to run again: everything is created only where it is missing.
--
-- What the database itself refuses, whatever program writes: a movement whose lines do not add up to zero, a balance
-- that is not the one its last line left, a customer below zero, a change to what was posted.

CREATE SEQUENCE IF NOT EXISTS bank_version;

CREATE TABLE IF NOT EXISTS accounts (
    account text COLLATE "C" PRIMARY KEY,
    name    text    NOT NULL,
    system  boolean NOT NULL DEFAULT false,
    kwh     bigint  NOT NULL DEFAULT 0,
    CONSTRAINT no_overdraft CHECK (system OR kwh >= 0)
) WITH (fillfactor = 50);  -- balances change all the time: room for updates in place

-- One row per idempotency key: what was asked, and what was answered.
CREATE TABLE IF NOT EXISTS commands (
    key         text COLLATE "C" PRIMARY KEY,
    kind        text        NOT NULL,
    fingerprint text        NOT NULL,
    id          uuid        NOT NULL,
    version     bigint      NOT NULL,
    posted_at   timestamptz NOT NULL
);

-- The key is not unique here on purpose: an audit must be able to count what `commands` should have prevented.
CREATE TABLE IF NOT EXISTS journal (
    version   bigint      PRIMARY KEY,
    id        uuid        NOT NULL,
    key       text COLLATE "C" NOT NULL,
    kind      text        NOT NULL,
    posted_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS journal_key ON journal (key);

CREATE TABLE IF NOT EXISTS entries (
    version     bigint NOT NULL REFERENCES journal,
    account     text COLLATE "C" NOT NULL REFERENCES accounts,
    kwh         bigint NOT NULL CHECK (kwh <> 0),
    balance_kwh bigint NOT NULL,  -- of the account, after this line
    PRIMARY KEY (version, account)
);
CREATE INDEX IF NOT EXISTS entries_of_account ON entries (account, version DESC) INCLUDE (balance_kwh);

CREATE OR REPLACE FUNCTION movement_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) < 2 OR sum(kwh) <> 0 FROM entries WHERE version = NEW.version) THEN
        RAISE EXCEPTION 'movement % does not add up to zero', NEW.version USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION balance_follows_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT a.kwh <> coalesce((SELECT e.balance_kwh FROM entries e WHERE e.account = a.account
                                  ORDER BY e.version DESC LIMIT 1), 0)
        FROM accounts a WHERE a.account = NEW.account) THEN
        RAISE EXCEPTION 'the balance of % is not what its last line left', NEW.account USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION posted_is_posted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: post a movement that corrects it', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'journal_adds_up') THEN
        CREATE CONSTRAINT TRIGGER journal_adds_up AFTER INSERT ON journal
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION movement_adds_up();
        CREATE CONSTRAINT TRIGGER entries_add_up AFTER INSERT ON entries
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION movement_adds_up();
        CREATE CONSTRAINT TRIGGER balance_follows AFTER INSERT OR UPDATE OF kwh ON accounts
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION balance_follows_lines();
        CREATE TRIGGER journal_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON journal EXECUTE FUNCTION posted_is_posted();
        CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON entries EXECUTE FUNCTION posted_is_posted();
    END IF;
END $$;

-- The outside world: what all customers hold together is what it lacks.
INSERT INTO accounts (account, name, system) VALUES ('GRID', 'the outside world', true) ON CONFLICT DO NOTHING;
