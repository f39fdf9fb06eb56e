"""The gas day: from 06:00 to 06:00 local time at TTF, 05:00 to 05:00 at NBP, which are the same moments. It has 23, 24 or 25 hours.

The day that starts on the last Saturday of March is short, the one that starts on the last Saturday of October is long.
Hours are counted in UTC, never on the clock on the wall. `of_24` is the mistake `24-hour-day`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

Hub = Literal["TTF", "NBP"]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ISO_HOUR = "%Y-%m-%dT%H:00:00Z"
WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:00(:00)?Z")


class Market(NamedTuple):
    zone: ZoneInfo
    starts: time


MARKETS: dict[str, Market] = {
    "TTF": Market(ZoneInfo("Europe/Amsterdam"), time(6)),
    "NBP": Market(ZoneInfo("Europe/London"), time(5)),
}


@dataclass(frozen=True)
class GasDay:
    """Named by the local date on which it starts."""

    date: date
    hub: Hub = "TTF"

    @property
    def start(self) -> datetime:
        market = MARKETS[self.hub]
        return datetime.combine(self.date, market.starts, market.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        return GasDay(self.date + DAY, self.hub).start

    def hours(self, *, of_24: bool = False) -> tuple[datetime, ...]:
        """The start of each hour, in UTC."""
        count = 24 if of_24 else (self.end - self.start) // HOUR
        return tuple(self.start + n * HOUR for n in range(count))


def gas_day_of(moment: datetime, hub: Hub = "TTF", *, of_24: bool = False) -> GasDay:
    """The gas day that a moment (with its time zone) is in."""
    market = MARKETS[hub]
    local = moment.astimezone(market.zone)
    day = GasDay(local.date() if local.time() >= market.starts else local.date() - DAY, hub)
    if of_24 and moment >= day.start + 24 * HOUR:
        return GasDay(day.date + DAY, hub)
    return day


def written(hour: datetime) -> str:
    """An hour as messages have it: its start in UTC, like 2026-11-23T06:00:00Z."""
    return hour.astimezone(UTC).strftime(ISO_HOUR)


def hour_of(text: str) -> datetime:
    """The hour that is written so, with or without seconds; ValueError when it is not one."""
    if not WRITTEN.fullmatch(text):
        raise ValueError(f"{text!r}: an hour is its start in UTC, like 2026-11-23T06:00:00Z")
    return datetime.fromisoformat(text)
