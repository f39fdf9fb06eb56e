-- What the archive should hold, and where. Safe to run again. `region`: where it was put first, while displaced where it is.
CREATE TABLE IF NOT EXISTS archive.manifest (
    name        text COLLATE "C" PRIMARY KEY,
    id          uuid        NOT NULL,  -- of the message
    version     int         NOT NULL,
    party       text COLLATE "C" NOT NULL,
    sequence    bigint      NOT NULL,
    sha256      text        NOT NULL,  -- of the blob's bytes
    region      text        NOT NULL,
    displaced   boolean     NOT NULL,  -- it should be in region 1
    archived_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    homed_at    timestamptz,
    conflicts   boolean     NOT NULL DEFAULT false  -- at home there is another one under this name
);
CREATE INDEX IF NOT EXISTS manifest_away ON archive.manifest (archived_at) WHERE displaced AND homed_at IS NULL;
CREATE INDEX IF NOT EXISTS manifest_home ON archive.manifest (archived_at) WHERE NOT displaced;
CREATE INDEX IF NOT EXISTS manifest_homed ON archive.manifest (homed_at) WHERE homed_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS manifest_message ON archive.manifest (id, version);
CREATE INDEX IF NOT EXISTS manifest_conflicts ON archive.manifest (name) WHERE conflicts;
