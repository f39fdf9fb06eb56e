"""What a customer may ask of the bank, as plain values. Quantities are whole kWh: gas is never rounded here."""

from dataclasses import astuple, dataclass
from typing import ClassVar


@dataclass(frozen=True)
class OpenAccount:
    account: str
    name: str

    kind: ClassVar[str] = "open-account"


@dataclass(frozen=True)
class Deposit:
    """Gas comes in from the outside world."""

    account: str
    kwh: int

    kind: ClassVar[str] = "deposit"


@dataclass(frozen=True)
class Withdraw:
    """Gas leaves to the outside world."""

    account: str
    kwh: int

    kind: ClassVar[str] = "withdrawal"


@dataclass(frozen=True)
class Transfer:
    source: str
    target: str
    kwh: int

    kind: ClassVar[str] = "transfer"


Movement = Deposit | Withdraw | Transfer
Command = OpenAccount | Movement


def fingerprint(command: Command) -> str:
    """The command as one line: equal lines are the same request, whatever the spelling of its JSON.

    The fields are length-prefixed, so that no choice of names makes two different commands alike.
    """
    fields = [str(field) for field in astuple(command)]
    return " ".join([command.kind, *(f"{len(field)}:{field}" for field in fields)])
