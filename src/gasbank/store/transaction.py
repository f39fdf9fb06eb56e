"""One statement, or several, as one transaction. When the connection dies before the answer, nobody knows: CommitUncertainError."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import CursorResult, TextClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from gasbank.resilience.classify import AZURE_READ_ONLY, READ_ONLY, CommitUncertainError, classify
from gasbank.store.link import Work

T = TypeVar("T")


def in_transaction(work: Work[T]) -> Work[T]:
    """`work`, with its statements in one READ COMMITTED transaction that is committed at the end."""

    async def whole(connection: AsyncConnection) -> T:
        await connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin() as transaction:
            answer = await work(connection)
            await commit(transaction)
        return answer

    return whole


async def commit(transaction: AsyncTransaction) -> None:
    try:
        await transaction.commit()
    except DBAPIError as error:
        if classify(error).drop:
            raise CommitUncertainError("the connection was lost during the commit") from error
        raise


async def execute(
    connection: AsyncConnection, statement: TextClause, values: Mapping[str, object]
) -> CursorResult[Any]:
    """A statement that writes, and is a transaction by itself when the connection is in autocommit."""
    try:
        return await connection.execute(statement, values)
    except DBAPIError as error:
        meaning = classify(error)
        if meaning.drop and meaning.code not in (READ_ONLY, AZURE_READ_ONLY):
            raise CommitUncertainError("the connection was lost while it was being written") from error
        raise
