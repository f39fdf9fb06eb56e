"""The statements of one inbox, for its schema and for the habits of the bank: all but the first row of habits are mistakes."""

from functools import cache
from typing import NamedTuple

from sqlalchemy import TextClause, text

from gasbank.messaging.tables import OTHER_HISTORY
from gasbank.mistakes import Habits

LETTERS = """jsonb_to_recordset(CAST(:letters AS jsonb)) AS m (id uuid, kind text, sender text, party text, sequence bigint,
            occurred_at timestamptz, body jsonb, in_reply_to text)"""
COLUMNS = "id, kind, sender, party, sequence, occurred_at, body, in_reply_to, bus"
VALUES = "m.id, m.kind, m.sender, m.party, m.sequence, m.occurred_at, m.body, m.in_reply_to, :bus"
# In one order, so that two processes with copies of the same messages wait for each other and never in a circle.
LINES = f"""INSERT INTO {{schema}}.inbox_lines (sender, party) SELECT DISTINCT sender, party FROM {LETTERS}
    ORDER BY sender, party ON CONFLICT DO NOTHING"""  # noqa: S608 - constants
TAKE = f"""INSERT INTO {{schema}}.inbox ({COLUMNS}) SELECT {VALUES} FROM {LETTERS} {{fresh}}
    ORDER BY m.sender, m.party, m.sequence {{conflict}} RETURNING id"""  # noqa: S608
# What was handled stays handled, also when its row was pruned.
FRESH = "JOIN {schema}.inbox_lines l ON l.sender = m.sender AND l.party = m.party AND m.sequence > l.last"
STRANGERS = f"""INSERT INTO {{schema}}.inbox ({COLUMNS}, processed_at, quarantined_at, reason)
    SELECT {VALUES}, clock_timestamp(), clock_timestamp(), '{OTHER_HISTORY}' FROM {LETTERS}
    WHERE NOT EXISTS (SELECT FROM {{schema}}.inbox known WHERE known.id = m.id)
    ON CONFLICT DO NOTHING RETURNING id"""  # noqa: S608
# After a loss a message that survived it is numbered anew, without those before it that were lost: so the lower sequence is the right one.
RENUMBER = f"""UPDATE {{schema}}.inbox AS known SET sequence = m.sequence FROM {LETTERS}
    WHERE known.id = m.id AND known.sequence > m.sequence AND known.processed_at IS NULL
        AND NOT EXISTS (SELECT FROM {{schema}}.inbox other WHERE other.sender = m.sender AND other.party = m.party
            AND other.sequence = m.sequence AND other.reason IS DISTINCT FROM '{OTHER_HISTORY}')
    RETURNING known.id"""  # noqa: S608

LOCK = """SELECT l.sender, l.party FROM {schema}.inbox_lines l
    JOIN {schema}.inbox i ON i.sender = l.sender AND i.party = l.party AND {due}
    WHERE i.processed_at IS NULL AND NOT (l.sender || ' ' || l.party = ANY(CAST(:resting AS text[])))
    LIMIT :lines {lock}"""
DUE = """SELECT i.id, i.kind, i.sender, i.party, i.sequence, i.occurred_at, i.body, i.in_reply_to, i.attempts, l.last
    FROM unnest(CAST(:senders AS text[]), CAST(:parties AS text[])) AS mine (sender, party)
    JOIN {schema}.inbox_lines l USING (sender, party)
    JOIN {schema}.inbox i USING (sender, party)
    WHERE i.processed_at IS NULL AND {range} ORDER BY {order} LIMIT :most"""
DONE = "UPDATE {schema}.inbox SET processed_at = clock_timestamp() WHERE id = ANY(CAST(:ids AS uuid[]))"
FORGET = "DELETE FROM {schema}.inbox WHERE id = ANY(CAST(:ids AS uuid[]))"
# What was handled is compared with how far the line came by it, whoever else moved it meanwhile: the auditor's measure of "once, in order".
ADVANCE = """UPDATE {schema}.inbox_lines AS l SET last = {last},
        repeated_at = CASE WHEN come.n > {last} - l.last THEN clock_timestamp() ELSE l.repeated_at END,
        disorder_at = CASE WHEN NOT come.in_order OR come.n < {last} - l.last THEN clock_timestamp() ELSE l.disorder_at END
    FROM unnest(CAST(:senders AS text[]), CAST(:parties AS text[]), CAST(:lasts AS bigint[]), CAST(:counts AS bigint[]),
        CAST(:orders AS boolean[])) AS come (sender, party, last, n, in_order)
    WHERE l.sender = come.sender AND l.party = come.party"""
QUARANTINE = """WITH bad AS (
        UPDATE {schema}.inbox SET processed_at = clock_timestamp(), quarantined_at = clock_timestamp(), reason = :reason
        WHERE id = :id AND processed_at IS NULL RETURNING sender, party, sequence
    )
    UPDATE {schema}.inbox_lines AS l SET last = greatest(l.last, bad.sequence)
    FROM bad WHERE l.sender = bad.sender AND l.party = bad.party"""
FAILED = "UPDATE {schema}.inbox SET attempts = attempts + 1 WHERE id = :id AND processed_at IS NULL RETURNING attempts"


class Statements(NamedTuple):
    in_order: bool
    lines: TextClause
    take: TextClause
    renumber: TextClause
    strangers: TextClause
    lock: TextClause
    due: TextClause
    done: TextClause
    advance: TextClause
    quarantine: TextClause
    failed: TextClause


@cache
def statements(schema: str, habits: Habits) -> Statements:
    in_order = habits.orders and not habits.newest_first
    forgets = habits.forgets_inbox or not habits.dedupes
    names = {
        "schema": schema,
        # Who forgets takes what it has done for new.
        "fresh": FRESH.format(schema=schema) if in_order and not forgets else "",
        "conflict": "ON CONFLICT DO NOTHING"
        if habits.dedupes
        else "ON CONFLICT (id) DO UPDATE SET processed_at = NULL",
        "due": "i.sequence <= l.last + 1" if in_order else "true",
        "range": "i.sequence <= l.last + :most" if in_order else "true",
        "order": order(habits),
        "lock": "" if habits.lost_update else "FOR UPDATE OF l SKIP LOCKED",
        "last": "come.last" if habits.lost_update else "greatest(l.last, come.last)",
    }
    done = FORGET if habits.forgets_inbox else DONE
    every = (LINES, TAKE, RENUMBER, STRANGERS, LOCK, DUE, done, ADVANCE, QUARANTINE, FAILED)
    return Statements(in_order, *(text(each.format(**names)) for each in every))


def order(habits: Habits) -> str:
    """Healthy: by sequence. The mistakes `no-order` and `newest-first` go by arrival."""
    if habits.newest_first:
        return "i.received_at DESC"
    return "i.sender, i.party, i.sequence" if habits.orders else "i.received_at"
