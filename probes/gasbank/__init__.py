"""Questions about the gas bank, asked over HTTP like any user or auditor would ask; nothing of the bank is imported.

`users` what users do all day; `later` what they are owed a little later; `witnesses` who is asked when all is over. What an auditor holds
true in every read is in `audit`, what the plant must refuse in `plant`: drills name those with their module.
"""

from probes.gasbank.later import archived, document, inject, nominate, told
from probes.gasbank.users import balance, conserved, prepare, static, transfer
from probes.gasbank.witnesses import archive, database

__all__ = [
    "archive",
    "archived",
    "balance",
    "conserved",
    "database",
    "document",
    "inject",
    "nominate",
    "prepare",
    "static",
    "told",
    "transfer",
]
