"""What the plant can do: it holds from nothing to its working volume, and gives back to each account what that put in. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Direction = Literal["inject", "withdraw"]


class Instruction(NamedTuple):
    """`position`: the order of arrival."""

    position: int
    business_key: str
    account: str
    direction: Direction
    kwh: int
    hour_utc: str

    @property
    def asks(self) -> tuple[str, str, int, str]:
        """What is asked, whenever it arrived."""
        return self.account, self.direction, self.kwh, self.hour_utc


class Result(NamedTuple):
    """`flow`: kWh into store, negative out of it, 0 when nothing moved. `repeats`: position of the answered one that this copies."""

    instruction: Instruction
    outcome: Literal["done", "refused"]
    reason: str = ""
    flow: int = 0
    repeats: int | None = None


@dataclass
class Store:
    """The caverns while instructions are carried out. `inventory`: kWh by account; `answered`: results by business key."""

    most_kwh: int
    inventory: Counter[str]
    meter_kwh: int
    answered: dict[str, Result] = field(default_factory=dict)

    def carry_out(self, asked: Instruction, *, once: bool = True) -> Result:
        """Once, however often it arrives: a copy gets the first one's answer. `once=False` is the mistake `plant-twice`."""
        first = self.answered.get(asked.business_key)
        if once and first is not None:
            return self._repeat(asked, first)
        reason = self._why_not(asked)
        flow = 0 if reason else asked.kwh if asked.direction == "inject" else -asked.kwh
        self.inventory[asked.account] += flow
        self.meter_kwh += flow
        result = Result(asked, "refused" if reason else "done", reason, flow)
        self.answered.setdefault(asked.business_key, result)
        return result

    def _repeat(self, asked: Instruction, first: Result) -> Result:
        return Result(asked, first.outcome, first.reason, repeats=first.instruction.position)

    def _why_not(self, asked: Instruction) -> str:
        held = self.inventory[asked.account]
        if asked.direction == "withdraw" and held < asked.kwh:
            return f"{asked.account} has {held} kWh in store, which is less than {asked.kwh} kWh"
        if asked.direction == "inject" and self.meter_kwh + asked.kwh > self.most_kwh:
            return f"the plant holds {self.meter_kwh} kWh of {self.most_kwh} kWh: there is no room for {asked.kwh} kWh"
        return ""
