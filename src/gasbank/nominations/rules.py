"""Whether a nomination counts: the reasons to reject one, as a pure function of the message, what was nominated before, and the time.

A message counts as a whole or not at all. Hours whose lead time has begun are frozen: repeating them is fine, changing them is not.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from gasbank.domain.deadlines import AHEAD_DAYS, LEAD, is_frozen, is_too_far
from gasbank.domain.gasday import GasDay, hour_of, written
from gasbank.domain.parties import why_unknown
from gasbank.errors import RefusalError
from gasbank.nominations.nomination import Nomination

SHOWN = 3


def values_of(said: Nomination, before: Mapping[str, int], now: datetime, *, of_24: bool = False) -> dict[str, int]:
    """hour -> kWh, of the hours that may still change. `before`: what the party has nominated for this deal so far.

    RefusalError: unknown-party, same-party, too-far-ahead, wrong-hours, late.
    """
    check_parties(said)
    day = GasDay(said.gas_day, said.hub)
    if is_too_far(day, now):
        raise RefusalError(
            "too-far-ahead", f"the gas day {said.gas_day} is more than {AHEAD_DAYS} days ahead; nominate it later"
        )
    asked = by_hour(said, [written(hour) for hour in day.hours(of_24=of_24)])
    frozen = {hour for hour in asked if is_frozen(hour_of(hour), now)}
    check_frozen(asked, frozen, before)
    return {hour: kwh for hour, kwh in asked.items() if hour not in frozen}


def check_parties(said: Nomination) -> None:
    for name in (said.party, said.counterparty):
        if why := why_unknown(name):
            raise RefusalError("unknown-party", why)
    if said.party == said.counterparty:
        raise RefusalError("same-party", f"{said.party!r} is on both sides; a deal needs two parties")


def by_hour(said: Nomination, hours: Sequence[str]) -> dict[str, int]:
    """The message's values by the hours of its day; RefusalError `wrong-hours`."""
    what = f"the gas day {said.gas_day} has {len(hours)} hours, from {hours[0]} to {hours[-1]}"
    if isinstance(said.hours, list):
        if len(said.hours) != len(hours):
            raise RefusalError("wrong-hours", f"{what}; the message has {len(said.hours)}")
        return dict(zip(hours, said.hours, strict=True))
    other = sorted(set(said.hours) - set(hours))
    if other or not said.hours:
        raise RefusalError("wrong-hours", f"{what}; the message has {listed(other) or 'none'}")
    return said.hours


def check_frozen(asked: Mapping[str, int], frozen: set[str], before: Mapping[str, int]) -> None:
    """An hour that nobody nominated before counts as zero. A message that can change nothing any more is late too."""
    late = sorted(hour for hour in frozen if asked[hour] != before.get(hour, 0))
    if late or len(frozen) == len(asked):
        minutes = LEAD.seconds // 60
        detail = f"an hour may change until {minutes} minutes before it begins; too late for {listed(late or sorted(frozen))}"
        raise RefusalError("late", detail)


def listed(hours: Sequence[str]) -> str:
    more = f" and {len(hours) - SHOWN} more" if len(hours) > SHOWN else ""
    return ", ".join(hours[:SHOWN]) + more
