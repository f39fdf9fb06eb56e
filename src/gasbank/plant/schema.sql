-- The plant's own book. Safe to run again: everything is created only where it is missing.
--
-- `instructions` is what arrived, each time that it arrived; `flows` is what the gas did, append-only: an instruction that is
-- carried out twice is there twice, as a meter would have it. The rest follows from the flows.

CREATE TABLE IF NOT EXISTS plant.instructions (
    position     bigserial   PRIMARY KEY,
    business_key text COLLATE "C" NOT NULL,
    account      text        NOT NULL,
    direction    text        NOT NULL,
    kwh          bigint      NOT NULL,
    hour_utc     text        NOT NULL,
    arrived_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome      text,                  -- done or refused; none while it waits
    reason       text        NOT NULL DEFAULT '',
    repeats      bigint,                -- the position of the one that this is a copy of
    answered_at  timestamptz
);
CREATE INDEX IF NOT EXISTS instructions_waiting ON plant.instructions (position) WHERE outcome IS NULL;
CREATE INDEX IF NOT EXISTS instructions_key ON plant.instructions (business_key, position);

CREATE TABLE IF NOT EXISTS plant.flows (
    position    bigint      NOT NULL PRIMARY KEY REFERENCES plant.instructions,
    account     text        NOT NULL,
    kwh         bigint      NOT NULL CHECK (kwh <> 0), -- into store; out of it when negative
    meter_kwh   bigint      NOT NULL,                  -- after it
    flowed_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS plant.inventory (
    account text COLLATE "C" PRIMARY KEY,
    kwh     bigint NOT NULL CONSTRAINT not_below_empty CHECK (kwh >= 0)
);

-- One row: the meter, and the counts of answers.
CREATE TABLE IF NOT EXISTS plant.meter (
    name    text   PRIMARY KEY,
    kwh     bigint NOT NULL DEFAULT 0 CONSTRAINT meter_not_below_empty CHECK (kwh >= 0),
    done    bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0
);
INSERT INTO plant.meter (name) VALUES ('plant') ON CONFLICT DO NOTHING;

-- `working` is what customers may keep in store; `design` is what the caverns stand, with the cushion that stays in them.
CREATE TABLE IF NOT EXISTS plant.limits (
    name text   PRIMARY KEY,
    kwh  bigint NOT NULL
);
INSERT INTO plant.limits (name, kwh) VALUES ('working', 1000000000), ('design', 1250000000) ON CONFLICT DO NOTHING;
