"""What confirmations does when another capability says something: the customer that it concerns is told."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.confirmations.document import Saying
from gasbank.confirmations.issuing import issue
from gasbank.confirmations.sayings import booking, nomination, rejection, statement
from gasbank.confirmations.signing import signer
from gasbank.messaging.envelope import Envelope

Handler = Callable[[AsyncConnection, Envelope], Awaitable[None]]


def telling(saying_of: Callable[[Envelope], Saying]) -> Handler:
    async def tell(connection: AsyncConnection, envelope: Envelope) -> None:
        await issue(connection, saying_of(envelope))

    return tell


HANDLERS: dict[str, Handler] = {
    "posted": telling(booking),
    "confirmed": telling(nomination),
    "rejected": telling(rejection),
    "day-statement": telling(statement),
}

signer()  # a key that cannot be used ends the process at its start; later it would send every message to quarantine
