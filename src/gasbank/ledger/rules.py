"""Double entry: every movement is two or more signed lines that add up to zero, and no customer spends what is not there.

`lines_of` is the only place that decides. It gets the balances and answers the lines to post, or raises a RefusalError.
It does not store anything and it never repairs: a refused command has no effect. The database holds the same limits for
what changes meanwhile.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from gasbank.errors import RefusalError
from gasbank.ledger.accounts import GRID, PLANT, SYSTEM, owner, store, suspense
from gasbank.ledger.commands import Command, Deposit, Movement, OpenAccount, Reserve, Settle, Trade, Transfer, Withdraw

MOST_KWH = 1_000_000_000_000
"""Per movement: 1,000 TWh, more than any country burns in a year. Keeps sums far away from 64 bits."""

HOUR = re.compile(r"\d{4}-\d\d-\d\dT\d\d:00:00Z")


class Line(NamedTuple):
    """One side of a movement: positive is gas received."""

    account: str
    kwh: int


class Leg(NamedTuple):
    """Gas goes from one account to another."""

    giver: str
    taker: str


def legs(command: Movement) -> tuple[Leg, ...]:
    """The ways that the command's gas goes; each way carries all of it."""
    match command:
        case Deposit(account):
            return (Leg(GRID, account),)
        case Withdraw(account):
            return (Leg(account, GRID),)
        case Transfer(source, target):
            return (Leg(source, target),)
        case Trade(seller=seller, buyer=buyer):
            return (Leg(seller, buyer),)
        case Reserve(account, direction=direction):
            return (Leg(account if direction == "inject" else store(account), suspense(account)),)
        case Settle():
            return settlement(command)


def settlement(answer: Settle) -> tuple[Leg, ...]:
    """Done: the gas is where it was meant to go, and the plant holds that much more or less. Refused: it goes back."""
    title, stored, held = answer.account, store(answer.account), suspense(answer.account)
    source, target, flow = (
        (title, stored, Leg(GRID, PLANT)) if answer.direction == "inject" else (stored, title, Leg(PLANT, GRID))
    )
    if answer.done:
        return Leg(held if answer.reserved else source, target), flow
    return (Leg(held, source),) if answer.reserved else ()


def accounts_touched(command: Command) -> list[str]:
    """In the one order in which accounts are ever locked: two transfers that cross cannot deadlock."""
    if isinstance(command, OpenAccount):
        return [command.account]
    return sorted({account for leg in legs(command) for account in leg})


def check_opening(command: OpenAccount, balances: Mapping[str, int]) -> None:
    """Refuse an account that is there already."""
    if command.account in balances:
        raise RefusalError("account-exists", f"the account {command.account!r} was opened before, with another key")


def lines_of(command: Movement, balances: Mapping[str, int]) -> list[Line]:
    """The lines to post; `balances` holds each existing account of `accounts_touched`. Raises RefusalError."""
    check(command)
    lines: list[Line] = []
    for giver, taker in legs(command):
        for account in (giver, taker):
            if account not in balances:
                raise RefusalError(
                    "unknown-account", f"there is no account {owner(account)!r}; open it with POST /accounts"
                )
        if not may_lack(command, giver) and balances[giver] < command.kwh:
            raise RefusalError(
                "overdraft", f"{giver!r} holds {balances[giver]} kWh, which is less than {command.kwh} kWh"
            )
        lines += [Line(giver, -command.kwh), Line(taker, command.kwh)]
    return lines


def may_lack(command: Movement, giver: str) -> bool:
    """The outside world always; a seller whose deal both sides have been told: that is an imbalance, not an overdraft."""
    return giver == GRID or isinstance(command, Trade)


def check(command: Command) -> None:
    """Refuse what no balance could make right: needs no database."""
    if isinstance(command, OpenAccount):
        return
    if not 1 <= command.kwh <= MOST_KWH:
        raise RefusalError("bad-quantity", f"{command.kwh} kWh: a movement is a whole number from 1 to {MOST_KWH} kWh")
    if isinstance(command, Reserve) and not HOUR.fullmatch(command.hour):
        raise RefusalError("bad-hour", f"{command.hour!r}: an hour is its start in UTC, like 2026-11-23T06:00:00Z")
    for giver, taker in legs(command):
        if giver == taker:
            raise RefusalError("same-account", f"{giver!r} is on both sides; a movement needs two accounts")
    if not SYSTEM.isdisjoint(customers(command)):
        raise RefusalError("system-account", "GRID and PLANT are the bank's own; use /deposits or /withdrawals")


def customers(command: Movement) -> set[str]:
    """Who asked for gas to be moved, or is named by those who did."""
    match command:
        case Transfer(source, target):
            return {source, target}
        case Trade(seller=seller, buyer=buyer):
            return {seller, buyer}
        case _:
            return {command.account}
