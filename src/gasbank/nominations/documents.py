"""What customers send, as JSON or as XML. It is read strictly: what is unknown or missing is refused with its name.

Nothing is decided here about parties, days or times; only whether the text is a nomination. Volumes become kWh here.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

from gasbank.domain.energy import GRONINGEN, kwh_of
from gasbank.domain.gasday import Hub, hour_of, written
from gasbank.errors import RefusalError
from gasbank.messaging.body import Name
from gasbank.nominations.nomination import Direction, Nomination

MOST = 1_000_000_000_000
"""Per hour: as much as one movement in the books may be."""

Unit = Literal["kWh", "m3(n;35.17)"]
Quantity = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
OLDEST, NEWEST = date(2000, 1, 1), date(2999, 12, 31)


class NominationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`hours`: a list with one number for each hour of the gas day, or an object hour -> number. `unit`: of those, per hour."""

    party: Name
    counterparty: Name
    gas_day: date
    direction: Direction
    hours: list[Quantity] | dict[str, Quantity]
    hub: Hub = "TTF"
    unit: Unit = "kWh"


def read_json(message_id: str, text: bytes) -> Nomination:
    """RefusalError `bad-schema` says what is wrong."""
    try:
        body = msgspec.json.decode(text, type=NominationBody)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusalError("bad-schema", f"not a nomination: {error}") from error
    return nomination_of(message_id, body)


def nomination_of(message_id: str, body: NominationBody) -> Nomination:
    if not OLDEST <= body.gas_day <= NEWEST:
        raise RefusalError("bad-schema", f"the gas day {body.gas_day} is not between {OLDEST} and {NEWEST}")
    hours = [kwh(each, body.unit) for each in body.hours] if isinstance(body.hours, list) else by_start(body)
    return Nomination(message_id, body.party, body.counterparty, body.hub, body.gas_day, body.direction, hours)


def by_start(body: NominationBody) -> dict[str, int]:
    """Each hour under the one way to write it; two ways of writing one hour are two values for it."""
    values: dict[str, int] = {}
    for text, quantity in dict(body.hours).items():  # type: ignore[arg-type]
        try:
            hour = written(hour_of(text))
        except ValueError as error:
            raise RefusalError("bad-schema", f"hours: {error}") from error
        if hour in values:
            raise RefusalError("bad-schema", f"hours: {hour} is there twice")
        values[hour] = kwh(quantity, body.unit)
    return values


def kwh(quantity: int, unit: Unit) -> int:
    return quantity if unit == "kWh" else kwh_of(quantity, GRONINGEN)
