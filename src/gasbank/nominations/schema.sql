-- Nominations and deals. Safe to run again: everything is created only where it is missing.
--
-- `messages` and `matches` are the history, append-only: what customers sent, and what each matching of a deal came to. `deals` is
-- what follows from them. Its `revision` grows with each write: who wrote on what he had seen knows whether it still was so.

CREATE TABLE IF NOT EXISTS nominations.messages (
    message_id   text COLLATE "C" PRIMARY KEY,
    id           uuid        NOT NULL DEFAULT gen_random_uuid(),
    fingerprint  text        NOT NULL,
    party        text        NOT NULL,
    counterparty text        NOT NULL,
    hub          text        NOT NULL,
    gas_day      date        NOT NULL,
    direction    text        NOT NULL,
    deal         text COLLATE "C" NOT NULL,
    number       bigint,               -- in its deal, from 1; none when it was rejected
    hours        jsonb       NOT NULL, -- as sent
    state        text        NOT NULL, -- accepted or rejected
    reason       text        NOT NULL DEFAULT '',
    detail       text        NOT NULL DEFAULT '',
    received_at  timestamptz NOT NULL,
    CONSTRAINT one_number_per_deal UNIQUE (deal, number)
);

CREATE TABLE IF NOT EXISTS nominations.deals (
    deal     text COLLATE "C" PRIMARY KEY,
    seller   text   NOT NULL,
    buyer    text   NOT NULL,
    hub      text   NOT NULL,
    gas_day  date   NOT NULL,
    hours    jsonb  NOT NULL,           -- hour -> [seller, buyer, status, confirmed]
    revision bigint NOT NULL DEFAULT 1,
    arrived  bigint NOT NULL DEFAULT 1, -- messages accepted
    matched  bigint NOT NULL DEFAULT 0, -- messages that a matching has taken in
    version  bigint NOT NULL DEFAULT 0  -- matchings
);
CREATE INDEX IF NOT EXISTS deals_waiting ON nominations.deals (deal) WHERE arrived > matched;

CREATE TABLE IF NOT EXISTS nominations.matches (
    deal       text COLLATE "C" NOT NULL REFERENCES nominations.deals,
    version    bigint      NOT NULL,
    took_in    bigint      NOT NULL,    -- messages up to this number
    hours      jsonb       NOT NULL,    -- as in deals, after it
    matched_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (deal, version)
);
