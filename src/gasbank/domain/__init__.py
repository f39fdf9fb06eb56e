"""The rules of the bank, without a database, a network or a clock."""

from gasbank.domain.commands import Command, Deposit, Movement, OpenAccount, Transfer, Withdraw, fingerprint
from gasbank.domain.ledger import GRID, Line, RefusalError, accounts_touched, check, check_opening, lines_of

__all__ = [
    "GRID",
    "Command",
    "Deposit",
    "Line",
    "Movement",
    "OpenAccount",
    "RefusalError",
    "Transfer",
    "Withdraw",
    "accounts_touched",
    "check",
    "check_opening",
    "fingerprint",
    "lines_of",
]
