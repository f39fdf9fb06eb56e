"""Several statements as one transaction. When the connection dies during COMMIT, nobody knows: CommitUncertainError."""

from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from gasbank.resilience.classify import CommitUncertainError, classify
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
