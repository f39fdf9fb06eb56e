"""Double entry: every movement is two signed lines that add up to zero, and no customer goes below zero.

`lines_of` is the only place that decides. It gets the balances and answers the lines
to post, or raises a RefusalError. It does not store anything and it never repairs: a refused command has no effect. The database holds the same limits for what changes meanwhile.
"""

from collections.abc import Mapping
from typing import NamedTuple

from gasbank.domain.commands import Command, Deposit, Movement, OpenAccount, Transfer, Withdraw

GRID = "GRID"
"""The outside world: the one account that may be negative. What customers hold together is what it lacks."""

MOST_KWH = 1_000_000_000_000
"""Per movement: 1,000 TWh, more than any country burns in a year. Keeps sums far away from 64 bits."""


class Line(NamedTuple):
    """One side of a movement: positive is gas received."""

    account: str
    kwh: int


class RefusalError(Exception):
    """The bank said no, for good: nothing was done and asking again changes nothing by itself."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def sides(command: Movement) -> tuple[str, str]:
    """(the account that gives, the account that receives)"""
    match command:
        case Deposit(account, _):
            return GRID, account
        case Withdraw(account, _):
            return account, GRID
        case Transfer(source, target, _):
            return source, target


def accounts_touched(command: Command) -> list[str]:
    """In the one order in which accounts are ever locked: two transfers that cross cannot deadlock."""
    return [command.account] if isinstance(command, OpenAccount) else sorted(set(sides(command)))


def check_opening(command: OpenAccount, balances: Mapping[str, int]) -> None:
    """Refuse an account that is there already."""
    if command.account in balances:
        raise RefusalError("account-exists", f"the account {command.account!r} was opened before, with another key")


def lines_of(command: Movement, balances: Mapping[str, int]) -> list[Line]:
    """The lines to post; `balances` holds each existing account of `accounts_touched`. Raises RefusalError."""
    check(command)
    giver, taker = sides(command)
    for account in (giver, taker):
        if account not in balances:
            raise RefusalError("unknown-account", f"there is no account {account!r}; open it with POST /accounts")
    if giver != GRID and balances[giver] < command.kwh:
        raise RefusalError("overdraft", f"{giver!r} holds {balances[giver]} kWh, which is less than {command.kwh} kWh")
    return [Line(giver, -command.kwh), Line(taker, command.kwh)]


def check(command: Command) -> None:
    """Refuse what no balance could make right: needs no database."""
    if isinstance(command, OpenAccount):
        return
    giver, taker = sides(command)
    if not 1 <= command.kwh <= MOST_KWH:
        raise RefusalError("bad-quantity", f"{command.kwh} kWh: a movement is a whole number from 1 to {MOST_KWH} kWh")
    if isinstance(command, Transfer) and GRID in (giver, taker):
        raise RefusalError("system-account", f"{GRID} is the outside world; use /deposits or /withdrawals")
    if giver == taker:
        raise RefusalError("same-account", f"{giver!r} is on both sides; a movement needs two accounts")
