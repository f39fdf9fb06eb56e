"""Was everything told? A movement that its party was not told of, although it knows of much later ones, was left out: it does not wait."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.audit.events import Answer, Question
from gasbank.store.age import AS_OF, age

NEWEST = 1000
APART = 20
"""Movements of one account may be told in a slightly other order than its stream has; never by as many as these."""

TOLD = text(
    f"""
    WITH newest AS MATERIALIZED (
        SELECT version, key FROM ledger.journal WHERE kind NOT IN ('open-account', 'unreserved')
        ORDER BY version DESC LIMIT {NEWEST}
    ),
    line AS MATERIALIZED (
        SELECT newest.key, e.account, e.sequence, EXISTS (
            SELECT FROM confirmations.messages m
            WHERE m.subject = 'booking ' || newest.key AND m.party = split_part(e.account, '/', 1)) AS told
        FROM newest JOIN ledger.entries e USING (version) WHERE e.account NOT IN ('GRID', 'PLANT')
    ),
    placed AS (
        SELECT key, told, sequence, max(sequence) FILTER (WHERE told) OVER (PARTITION BY account) AS come FROM line
    )
    SELECT {AS_OF}, count(*) AS checked, count(*) FILTER (WHERE NOT told) AS untold,
        count(*) FILTER (WHERE NOT told AND sequence < come - {APART}) AS overtaken,
        coalesce((array_agg(DISTINCT key) FILTER (WHERE NOT told AND sequence < come - {APART}))[1:20], '{{}}') AS keys FROM placed"""  # noqa: S608
)


def told() -> Question:
    """Of the newest lines in the books: `untold` ones may be on their way; `overtaken` ones are not, and `keys` names some of them."""

    async def ask(connection: AsyncConnection) -> Answer:
        row = (await connection.execute(TOLD)).one()
        names = ("checked", "untold", "overtaken", "keys")
        return {name: getattr(row, name) for name in names} | age(row)

    return ask
