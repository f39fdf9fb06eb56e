-- One lease per kind of work, by this database's own clock. The token grows with each new holder, also over a forced
-- fail-over that loses a take-over: it is at least the time of the take-over in microseconds, so no two holders ever share one.
CREATE TABLE IF NOT EXISTS leader.leases (
    name   text PRIMARY KEY,
    token  bigint      NOT NULL DEFAULT 0,
    holder text        NOT NULL DEFAULT '',
    until  timestamptz NOT NULL DEFAULT '-infinity',
    UNIQUE (name, token)
) WITH (fillfactor = 50);

-- Whether this token is the newest, which it then stays until the caller's transaction ends: FOR KEY SHARE makes a take-over wait,
-- since that changes the token, which is part of a key, and lets a renewal pass, which does not. A leader that stops
-- dead inside its transaction holds nobody up: the server ends that transaction. The caller needs no right to the table.
CREATE OR REPLACE FUNCTION leader.holds(asked text, shown bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    PERFORM FROM leader.leases WHERE name = asked AND token = shown FOR KEY SHARE;
    IF FOUND THEN
        PERFORM set_config('idle_in_transaction_session_timeout', '500ms', true);
    END IF;
    RETURN FOUND;
END $$;

-- Under which token each kind of work was done last, and when it was done under one that a newer leader had replaced by then: never, as
-- long as `holds` is asked. Not asking it is the mistake `no-fencing`, and this is how it shows.
CREATE TABLE IF NOT EXISTS leader.acts (
    name    text   PRIMARY KEY,
    token   bigint NOT NULL,
    late_at timestamptz
) WITH (fillfactor = 50);

-- In the transaction that acts: false, and nothing noted, when it must not.
CREATE OR REPLACE FUNCTION leader.act(asked text, shown bigint, fenced boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF fenced AND NOT leader.holds(asked, shown) THEN
        RETURN false;
    END IF;
    INSERT INTO leader.acts AS a (name, token) VALUES (asked, shown)
    ON CONFLICT (name) DO UPDATE SET token = greatest(a.token, shown),
        late_at = CASE WHEN shown < a.token THEN clock_timestamp() ELSE a.late_at END;
    RETURN true;
END $$;
