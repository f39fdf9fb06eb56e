"""When a nomination may still change: up to 30 minutes before its hour, and up to 400 days ahead, as at TTF.

Source: https://www.gasunietransportservices.nl/en/network-operations/operational-handling/nomination-and-matching-process
"""

from datetime import datetime, timedelta

from gasbank.domain.gasday import GasDay

LEAD = timedelta(minutes=30)
CYCLE = timedelta(minutes=30)
AHEAD_DAYS = 400


def is_frozen(hour: datetime, now: datetime) -> bool:
    """The lead time of this hour has begun: what is nominated for it stays."""
    return now > hour - LEAD


def is_too_far(day: GasDay, now: datetime) -> bool:
    """It starts more than 400 days from now."""
    return day.start > now + timedelta(days=AHEAD_DAYS)


def cycle_of(moment: datetime) -> datetime:
    """The end of the matching cycle that takes in what arrives at this moment: on the hour or half past, in UTC."""
    into = timedelta(minutes=moment.minute % 30, seconds=moment.second, microseconds=moment.microsecond)
    return moment - into + (CYCLE if into else timedelta())
