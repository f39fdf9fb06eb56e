"""Nominations as XML, in the manner of the Edig@s message NOMINT: its words, not its schema.

    <NOMINT>
      <Identification>NOMINT20261124A00001</Identification>
      <Issuer>21X-NL-A-A0A0A-Z</Issuer> <Counterparty>bob</Counterparty>
      <Hub>TTF</Hub> <GasDay>2026-11-25</GasDay> <Direction>Z03</Direction> <Unit>KW1</Unit>
      <Period><TimeInterval>2026-11-25T05:00Z/2026-11-25T07:00Z</TimeInterval><Quantity>100</Quantity></Period>
    </NOMINT>

Z02 is the input of the buyer, Z03 the output of the seller. A quantity is per hour, for each hour of its interval. A document type
is refused as soon as it begins, so there are no entities to expand, and nothing is ever fetched.
"""

from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

import msgspec

from gasbank.domain.gasday import HOUR, hour_of, written
from gasbank.errors import RefusalError
from gasbank.nominations.documents import NominationBody, nomination_of
from gasbank.nominations.nomination import Nomination

ONCE = ("Identification", "Issuer", "Counterparty", "Hub", "GasDay", "Direction", "Unit")
DIRECTIONS = {"Z02": "buy", "Z03": "sell"}
UNITS = {"KW1": "kWh"}  # per hour
LONGEST_INTERVAL = 25


class Reader:
    """Collects the texts of a NOMINT; anything that is not in one raises ValueError."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.periods: list[dict[str, str]] = []
        self._path: list[str] = []
        self._text = ""

    def read(self, document: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._hear
        parser.Parse(document, True)

    def _start(self, name: str, attributes: Any) -> None:
        self._path.append(name.rpartition(" ")[2])
        self._text = ""
        match self._path:
            case ["NOMINT"]:
                pass
            case ["NOMINT", "Period"]:
                self.periods.append({})
            case ["NOMINT", field] if field in ONCE:
                pass
            case ["NOMINT", "Period", "TimeInterval" | "Quantity"]:
                pass
            case _:
                raise ValueError(f"{'/'.join(self._path)[:200]} does not belong here")
        if attributes:
            raise ValueError(f"{'/'.join(self._path)}: attributes are not read, so there may be none")

    def _hear(self, text: str) -> None:
        self._text += text

    def _end(self, _name: str) -> None:
        *parents, field = self._path
        self._path = parents
        if field in ("NOMINT", "Period"):
            return
        home = self.periods[-1] if parents[-1] == "Period" else self.fields
        if field in home:
            raise ValueError(f"{field} is there twice")
        home[field] = self._text.strip()


def refuse_doctype(*_: object) -> None:
    raise ValueError("a document type is not taken; leave <!DOCTYPE ...> out")


def read_xml(text: bytes) -> Nomination:
    """RefusalError `bad-schema` says what is wrong."""
    reader = Reader()
    try:
        reader.read(text)
        return nomination_of(field(reader.fields, "Identification"), body_of(reader))
    except (ValueError, expat.ExpatError, msgspec.ValidationError) as error:
        raise RefusalError("bad-schema", f"not a NOMINT: {error}") from error


def body_of(reader: Reader) -> NominationBody:
    fields = reader.fields
    said = {
        "party": field(fields, "Issuer"),
        "counterparty": field(fields, "Counterparty"),
        "gas_day": field(fields, "GasDay"),
        "hub": fields.get("Hub", "TTF"),
        "direction": one_of(DIRECTIONS, field(fields, "Direction")),
        "unit": one_of(UNITS, fields.get("Unit", "KW1")),
        "hours": hours_of(reader.periods),
    }
    return msgspec.convert(said, NominationBody)


def hours_of(periods: list[dict[str, str]]) -> dict[str, int]:
    values: dict[str, int] = {}
    for period in periods:
        quantity = field(period, "Quantity")
        if not (quantity.isascii() and quantity.isdecimal() and len(quantity) <= 20):
            raise ValueError(f"Quantity {quantity[:30]!r} is not a whole number")
        for hour in interval(field(period, "TimeInterval")):
            if hour in values:
                raise ValueError(f"{hour} is in two periods")
            values[hour] = int(quantity)
    return values


def interval(text: str) -> Iterator[str]:
    start, _, end = text.partition("/")
    first, last = hour_of(start), hour_of(end)
    count = (last - first) // HOUR
    if not 1 <= count <= LONGEST_INTERVAL:
        raise ValueError(f"{text!r}: an interval is 1 to {LONGEST_INTERVAL} whole hours")
    return (written(first + n * HOUR) for n in range(count))


def field(fields: dict[str, str], name: str) -> str:
    if name not in fields:
        raise ValueError(f"{name} is missing")
    return fields[name]


def one_of(meanings: dict[str, str], code: str) -> str:
    if code not in meanings:
        raise ValueError(f"{code[:30]!r} is none of {', '.join(meanings)}")
    return meanings[code]
