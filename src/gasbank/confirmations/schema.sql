-- What was told to the outside. Safe to run again.

-- One row per document. `id` names what it is about (see document.py); a correction is the next `version` of the same id. `sequence`
-- counts along the party without gaps. `document` is the very text that is archived.
CREATE TABLE IF NOT EXISTS confirmations.messages (
    position    bigserial   PRIMARY KEY,
    id          uuid        NOT NULL,
    version     int         NOT NULL,
    party       text COLLATE "C" NOT NULL,
    sequence    bigint      NOT NULL,
    kind        text        NOT NULL,
    subject     text        NOT NULL,
    gas_day     date        NOT NULL,
    hash        text        NOT NULL,
    document    text        NOT NULL,
    issued_at   timestamptz NOT NULL,
    archived_at timestamptz,
    region      text,                            -- of the archive, where it was put first
    conflicts   boolean     NOT NULL DEFAULT false,  -- the archive has another document under this name
    UNIQUE (id, version),
    UNIQUE (party, sequence)
);
CREATE INDEX IF NOT EXISTS messages_to_archive ON confirmations.messages (position) WHERE archived_at IS NULL AND NOT conflicts;
CREATE INDEX IF NOT EXISTS messages_in_conflict ON confirmations.messages (position) WHERE conflicts;
-- What a party was told about one thing.
CREATE INDEX IF NOT EXISTS messages_about ON confirmations.messages (party, subject, sequence);
DROP INDEX IF EXISTS confirmations.messages_subject;

CREATE TABLE IF NOT EXISTS confirmations.lines (
    party text COLLATE "C" PRIMARY KEY,
    last  bigint NOT NULL  -- sequence given
) WITH (fillfactor = 50);

-- Documents that the outside has, and that a loss took from `messages`: found in the archive by a reconciliation, and dealt with.
CREATE TABLE IF NOT EXISTS confirmations.adopted (
    id         uuid        NOT NULL,
    version    int         NOT NULL,
    hash       text        NOT NULL,
    party      text COLLATE "C" NOT NULL,
    sequence   bigint      NOT NULL,
    subject    text        NOT NULL,
    gas_day    date        NOT NULL,
    adopted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, version, hash)
);
