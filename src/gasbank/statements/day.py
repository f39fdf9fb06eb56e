"""When a gas day of a party is complete: it is over, the last hour's figures have had time to come, and no line is missing."""

from datetime import datetime, timedelta

from gasbank.domain.gasday import HOUR, GasDay, gas_day_of

SETTLING = timedelta(minutes=20)
"""After the end of an hour; the network operator publishes its final figures about as late."""


def bounds(day: GasDay, *, of_24: bool) -> tuple[datetime, datetime]:
    """The first moment of the day, and the first after it."""
    hours = day.hours(of_24=of_24)
    return hours[0], hours[-1] + HOUR


def is_over(day: GasDay, now: datetime) -> bool:
    return now >= day.end + SETTLING


def first_open(now: datetime) -> datetime:
    """Hours before this one belong to days that are over."""
    return gas_day_of(now - SETTLING).start
