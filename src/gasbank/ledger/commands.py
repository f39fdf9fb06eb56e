"""What may be asked of the ledger, as plain values. Quantities are whole kWh: gas is never rounded here."""

from dataclasses import astuple, dataclass
from typing import ClassVar, Literal

Direction = Literal["inject", "withdraw"]


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


@dataclass(frozen=True)
class Reserve:
    """Gas is set aside until the plant has carried the flow out. `hour`: the hour it flows in, ISO 8601 in UTC."""

    account: str
    kwh: int
    hour: str
    direction: Direction

    @property
    def kind(self) -> str:
        return "injection" if self.direction == "inject" else "store-withdrawal"


@dataclass(frozen=True)
class Settle:
    """The plant's answer to a reservation for the same `hour`. `reserved`: the gas was really set aside (it always is, but for
    one mistake).
    """

    business_key: str
    account: str
    kwh: int
    direction: Direction
    done: bool
    hour: str
    reserved: bool = True

    @property
    def kind(self) -> str:
        return f"{self.direction}-{'done' if self.done else 'refused'}"


@dataclass(frozen=True)
class Trade:
    """A matched title transfer at the hub: what the confirmed value of one hour changed by. It may leave the seller short."""

    deal: str
    hour: str
    seller: str
    buyer: str
    kwh: int

    kind: ClassVar[str] = "trade"


Movement = Deposit | Withdraw | Transfer | Reserve | Settle | Trade
Command = OpenAccount | Movement


def fingerprint(command: Command) -> str:
    """The command as one line: equal lines are the same request, whatever the spelling of its JSON.

    The fields are length-prefixed, so that no choice of names makes two different commands alike.
    """
    fields = [str(field) for field in astuple(command)]
    return " ".join([command.kind, *(f"{len(field)}:{field}" for field in fields)])


def result_key(business_key: str) -> str:
    """The key that the plant's answer to a flow is posted under. It has a space, which no client's key can have."""
    return f"flow-result {business_key}"


def trade_key(business_key: str) -> str:
    """The same for a matched deal."""
    return f"transfer-matched {business_key}"
