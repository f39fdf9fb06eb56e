"""Who takes part: the party of a nomination is the customer's account in the books. Any account name will do.

A name that looks like an EIC code (16 characters, the last one a check character) must be a right one: a typing
mistake in a code is somebody else's code. Source: https://www.entsoe.eu/data/energy-identification-codes-eic/
"""

import re

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,99}")
EIC = re.compile(r"[0-9]{2}[AVWXYZT][A-Z0-9-]{12}[A-Z0-9]")
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
SYSTEM = frozenset({"GRID", "PLANT"})


def check_character(code: str) -> str:
    """The sixteenth character that belongs to the first fifteen."""
    weighted = sum(LETTERS.index(letter) * weight for letter, weight in zip(code[:15], range(16, 1, -1), strict=True))
    return LETTERS[36 - (weighted - 1) % 37]


def why_unknown(name: str) -> str:
    """What is wrong with a party's name, or "" when nothing is."""
    if not NAME.fullmatch(name):
        return f"{name[:100]!r} is not a party: letters, digits and . _ : @ + -, up to 100"
    if name in SYSTEM:
        return f"{name} is the bank's own account, not a party"
    if EIC.fullmatch(name) and name[15] != check_character(name):
        return f"{name} is not an EIC code: its last character should be {check_character(name)}"
    return ""
