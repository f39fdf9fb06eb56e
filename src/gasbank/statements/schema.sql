-- Statements. Safe to run again: everything is created only where it is missing.
--
-- A line belongs to a moment: the hour of its flow or deal, else when it was posted. Which gas day that is, is asked when reading.

CREATE TABLE IF NOT EXISTS statements.lines (
    account     text COLLATE "C" NOT NULL,
    sequence    bigint      NOT NULL,   -- in the account's stream, from 1 without gaps: the ledger's
    party       text        NOT NULL,
    id          uuid        NOT NULL,   -- of the movement
    version     bigint      NOT NULL,   -- of the movement
    key         text        NOT NULL,
    kind        text        NOT NULL,
    kwh         bigint      NOT NULL,
    balance_kwh bigint      NOT NULL,   -- of the account, after this line
    moment      timestamptz NOT NULL,
    posted_at   timestamptz NOT NULL,
    PRIMARY KEY (account, sequence),
    CONSTRAINT one_line_per_movement UNIQUE (id, account)
);
CREATE INDEX IF NOT EXISTS lines_of_day ON statements.lines (party, moment, version);

CREATE TABLE IF NOT EXISTS statements.accounts (
    account text COLLATE "C" PRIMARY KEY,
    party   text   NOT NULL,
    lines   bigint NOT NULL,
    last    bigint NOT NULL             -- the highest sequence; more than `lines` while one in between is missing
) WITH (fillfactor = 50);
CREATE INDEX IF NOT EXISTS accounts_of_party ON statements.accounts (party);

-- Hours with lines that no day statement has told of yet.
CREATE TABLE IF NOT EXISTS statements.open_hours (
    party text        NOT NULL,
    hour  timestamptz NOT NULL,
    PRIMARY KEY (party, hour)
) WITH (fillfactor = 50);
CREATE INDEX IF NOT EXISTS open_hours_hour ON statements.open_hours (hour);

-- Each day statement that was sent, append-only; a line that comes later makes a new version.
CREATE TABLE IF NOT EXISTS statements.closings (
    party     text        NOT NULL,
    gas_day   date        NOT NULL,
    version   bigint      NOT NULL,
    lines     bigint      NOT NULL,
    totals    jsonb       NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (party, gas_day, version)
);
