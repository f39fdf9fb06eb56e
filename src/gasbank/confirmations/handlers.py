"""What confirmations does when other capabilities say something: the customers that it concerns are told, many at a time."""

from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.confirmations.document import Saying
from gasbank.confirmations.issuing import issue
from gasbank.confirmations.sayings import booking, nomination, rejection, statement
from gasbank.confirmations.signing import signer
from gasbank.messaging.envelope import Envelope
from gasbank.messaging.inbox import Batch, Handler

SAYINGS: dict[str, Callable[[Envelope], Saying]] = {
    "posted": booking,
    "confirmed": nomination,
    "rejected": rejection,
    "day-statement": statement,
}


async def tell(connection: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
    await issue(connection, [SAYINGS[envelope.kind](envelope) for envelope in envelopes])


HANDLERS: dict[str, Handler] = dict.fromkeys(SAYINGS, Batch(tell))

signer()  # a key that cannot be used ends the process at its start; later it would send every message to quarantine
