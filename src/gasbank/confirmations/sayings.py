"""From what a capability said to what a customer is told. Pure.

A nomination's document is like a NOMRES: per hour the confirmed value with its status, what was nominated, and what the counterparty
nominated. A booking's has the key under which the customer asked, and the lines.
"""

from datetime import datetime
from typing import Any

import msgspec

from gasbank.confirmations.document import Saying
from gasbank.confirmations.messages import Confirmed, DayStatement, Posted, Rejected
from gasbank.domain.gasday import gas_day_of
from gasbank.messaging.body import read
from gasbank.messaging.envelope import Envelope


def booking(envelope: Envelope) -> Saying:
    posted = read(envelope.body, Posted)
    content: dict[str, Any] = msgspec.to_builtins(posted)
    day = gas_day_at(posted.hour or posted.posted_at)
    return Saying("booking", envelope.party, f"booking {posted.key}", day, content, posted.key)


def nomination(envelope: Envelope) -> Saying:
    confirmed = read(envelope.body, Confirmed)
    content = msgspec.to_builtins(confirmed)
    del content["in_reply_to"]
    day = content["gas_day"]
    subject = f"nomination {confirmed.deal} {day}"
    return Saying("nomination", envelope.party, subject, day, content, confirmed.in_reply_to)


def rejection(envelope: Envelope) -> Saying:
    rejected = read(envelope.body, Rejected)
    day = gas_day_of(envelope.occurred_at).date.isoformat()
    subject = f"rejection {rejected.message_id}"
    return Saying("rejection", envelope.party, subject, day, msgspec.to_builtins(rejected), rejected.message_id)


def statement(envelope: Envelope) -> Saying:
    day = read(envelope.body, DayStatement).gas_day.isoformat()
    return Saying("statement", envelope.party, f"statement {day}", day, envelope.body)


def gas_day_at(moment: str) -> str:
    return gas_day_of(datetime.fromisoformat(moment)).date.isoformat()
