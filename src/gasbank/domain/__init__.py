"""The rules of the bank, without a database, a network or a clock."""

from gasbank.domain.commands import Command, Deposit, Movement, OpenAccount, Transfer, Withdraw, fingerprint
from gasbank.domain.ledger import GRID, Line, RefusalError, accounts_touched, check, lines_of

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
    "fingerprint",
    "lines_of",
]
