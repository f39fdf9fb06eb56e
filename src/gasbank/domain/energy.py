"""Energy is whole kWh everywhere. Volumes become energy at the edge only, with a calorific value that is said aloud.

The numbers are exact: kWh = m3 * kJ/m3 / 3600, rounded once, half to even, so that many roundings cancel out.
"""

GRONINGEN = 35_170
"""kJ per m3(n;35.17): the gross calorific value in the unit's name, which makes it 9.7694 kWh."""

KJ_PER_KWH = 3600


def kwh_of(cubic_metres: int, kj_per_m3: int) -> int:
    """The energy of a volume."""
    return rounded(cubic_metres * kj_per_m3, KJ_PER_KWH)


def cubic_metres_of(kwh: int, kj_per_m3: int) -> int:
    """The volume of an energy."""
    return rounded(kwh * KJ_PER_KWH, kj_per_m3)


def rounded(numerator: int, denominator: int) -> int:
    """The quotient as a whole number, half to even."""
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))
