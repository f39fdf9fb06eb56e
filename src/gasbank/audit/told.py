"""Was everything told? A movement that its party was not told of, although it knew of later ones a while ago, was left out: it does not wait."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.audit.events import Answer, Question
from gasbank.store.age import AS_OF, age

NEWEST = 1000
APART, WHILE_S = 2, 5.0
"""Movements of one account may be told in a slightly other order than its stream has, and then within a moment of each other."""

TOLD = text(
    f"""
    WITH newest AS MATERIALIZED (
        SELECT version, key FROM ledger.journal WHERE kind NOT IN ('open-account', 'unreserved')
        ORDER BY version DESC LIMIT {NEWEST}
    ),
    line AS MATERIALIZED (
        SELECT newest.key, e.account, e.sequence, (
            SELECT min(m.issued_at) FROM confirmations.messages m
            -- In the subject's own collation: in the key's no index serves, and all that the party was ever told is read.
            WHERE m.subject = ('booking ' || newest.key) COLLATE "default" AND m.party = split_part(e.account, '/', 1)) AS told_at
        FROM newest JOIN ledger.entries e USING (version) WHERE e.account NOT IN ('GRID', 'PLANT')
    ),
    placed AS (
        SELECT key, sequence, told_at, max(sequence) FILTER (
            WHERE told_at < clock_timestamp() - make_interval(secs => {WHILE_S})) OVER (PARTITION BY account) AS come FROM line
    ),
    overtaken AS (
        SELECT key FROM placed WHERE told_at IS NULL AND sequence < come - {APART}
    )
    SELECT {AS_OF}, count(*) AS checked, count(*) FILTER (WHERE told_at IS NULL) AS untold,
        (SELECT count(*) FROM overtaken) AS overtaken,
        (SELECT coalesce(array_agg(key), '{{}}') FROM (SELECT DISTINCT key FROM overtaken ORDER BY key LIMIT 20) AS named) AS keys
    FROM placed"""  # noqa: S608
)


def told() -> Question:
    """Of the newest lines in the books: `untold` ones may be on their way; `overtaken` ones are not, and `keys` names some of them."""

    async def ask(connection: AsyncConnection) -> Answer:
        row = (await connection.execute(TOLD)).one()
        names = ("checked", "untold", "overtaken", "keys")
        return {name: getattr(row, name) for name in names} | age(row)

    return ask
