"""Gas days, deadlines, energy and party codes: facts of the market, as pure functions."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gasbank.domain.deadlines import AHEAD_DAYS, cycle_of, is_frozen, is_too_far
from gasbank.domain.energy import GRONINGEN, cubic_metres_of, kwh_of
from gasbank.domain.gasday import HOUR, GasDay, gas_day_of, hour_of, written
from gasbank.domain.parties import check_character, why_unknown

DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - it adds UTC


@pytest.mark.parametrize(
    ("day", "start", "hours"),
    [
        (date(2019, 3, 30), "2019-03-30T05:00:00Z", 23),
        (date(2018, 10, 27), "2018-10-27T04:00:00Z", 25),
        (date(2026, 11, 24), "2026-11-24T05:00:00Z", 24),
        (date(2026, 7, 1), "2026-07-01T04:00:00Z", 24),
    ],
)
def test_days_of_the_calendar(day: date, start: str, hours: int) -> None:
    """The days that network operators published as short and long are, and both hubs have the same hours."""
    assert written(GasDay(day).start) == start
    assert len(GasDay(day).hours()) == hours
    assert GasDay(day, "NBP").hours() == GasDay(day, "TTF").hours()


@given(DATES)
def test_days_follow_each_other(day: date) -> None:
    """Each hour is in the one day that lists it, and the next day begins where this one ends."""
    today = GasDay(day)
    hours = today.hours()
    assert hours[-1] + HOUR == today.end == GasDay(day + timedelta(days=1)).start
    assert {gas_day_of(hour) for hour in hours} == {today}


@given(MOMENTS)
def test_each_moment_is_in_its_day(moment: datetime) -> None:
    """From the start of the day to its end, the end not included; at both hubs alike."""
    day = gas_day_of(moment)
    assert day.start <= moment < day.end
    assert gas_day_of(moment, "NBP").date == day.date


def test_days_of_24_hours_lose_and_double_hours() -> None:
    """The mistake: the long day's last hour goes to the next day, and the short day lists an hour of the next."""
    long, short = GasDay(date(2018, 10, 27)), GasDay(date(2019, 3, 30))
    assert gas_day_of(long.hours()[24], of_24=True).date == date(2018, 10, 28)
    assert short.hours(of_24=True)[23] == short.end
    assert gas_day_of(long.hours()[23], of_24=True) == long


@given(MOMENTS)
def test_hours_are_written_and_read(moment: datetime) -> None:
    """What is written is read back as the start of the hour; seconds may be left out, nothing else."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    assert hour_of(written(moment)) == hour
    assert hour_of(written(moment).replace(":00Z", "Z")) == hour


@pytest.mark.parametrize("text", ["2026-11-23T06:30:00Z", "2026-11-23T06:00:00", "2026-13-23T06:00:00Z", "", "noon"])
def test_what_is_not_an_hour(text: str) -> None:
    """Half hours, local times and impossible dates are no hours."""
    with pytest.raises(ValueError, match=r".+"):
        hour_of(text)


def test_the_lead_time_is_half_an_hour() -> None:
    """At exactly 30 minutes before the hour it is still possible, a moment later it is not."""
    hour = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert not is_frozen(hour, datetime(2026, 11, 24, 11, 30, tzinfo=UTC))
    assert is_frozen(hour, datetime(2026, 11, 24, 11, 30, 0, 1, tzinfo=UTC))


def test_four_hundred_days_ahead() -> None:
    """Day 400 may be nominated, day 401 may not."""
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert not is_too_far(GasDay(date(2026, 11, 24) + timedelta(days=AHEAD_DAYS)), now)
    assert is_too_far(GasDay(date(2026, 11, 24) + timedelta(days=AHEAD_DAYS + 1)), now)


@given(MOMENTS)
def test_cycles_end_on_the_hour_and_half_past(moment: datetime) -> None:
    """What arrives is taken in by the cycle that ends within the next half hour."""
    cycle = cycle_of(moment)
    assert cycle.minute in (0, 30)
    assert (cycle.second, cycle.microsecond) == (0, 0)
    assert timedelta() <= cycle - moment < timedelta(minutes=30)


@given(st.integers(0, 10**15))
def test_volumes_come_back(cubic_metres: int) -> None:
    """A volume as energy and back is the same volume: a kWh is finer than a cubic metre."""
    assert cubic_metres_of(kwh_of(cubic_metres, GRONINGEN), GRONINGEN) == cubic_metres


@pytest.mark.parametrize(("cubic_metres", "kwh"), [(0, 0), (1, 10), (1000, 9769), (1_000_000, 9_769_444)])
def test_groningen_gas(cubic_metres: int, kwh: int) -> None:
    """1 m3(n;35.17) is 9.7694 kWh, rounded once."""
    assert kwh_of(cubic_metres, GRONINGEN) == kwh


def test_halves_go_to_the_even_number() -> None:
    """0.5 kWh is 0, 1.5 kWh is 2: many roundings add nothing."""
    assert [kwh_of(1, half * 1800) for half in (1, 3, 5, 7)] == [0, 2, 2, 4]


@pytest.mark.parametrize("code", ["21X-NL-A-A0A0A-Z", "21X000000001057C", "10YFR-RTE------C", "10X1001A1001A450"])
def test_codes_of_the_register(code: str) -> None:
    """Codes from the public register have the check character that we compute; with another one they are refused."""
    assert check_character(code) == code[15]
    assert why_unknown(code) == ""
    assert "its last character should be" in why_unknown(code[:15] + ("A" if code[15] != "A" else "B"))


@pytest.mark.parametrize(("name", "known"), [("alice", True), ("GRID", False), ("alice/store", False), ("", False)])
def test_any_account_is_a_party_but_the_banks_own(name: str, *, known: bool) -> None:
    """Plain account names are parties; the bank's own accounts and those beside a customer's are not."""
    assert (why_unknown(name) == "") == known
