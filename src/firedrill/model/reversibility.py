"""What undo really is, in words that are the same in the plan, on the console and on the page.

What follows a one-way fault undoes nothing: it makes the system redundant again, and is called re-protection everywhere.
"""

from collections.abc import Iterable
from typing import NamedTuple

ONE_WAY = "one-way"
WORDS = {
    "self-heals": "ends by itself",
    "reversible": "can be undone in full",
    "fail-back": "can be brought back, at the cost of a second failover",
    ONE_WAY: "cannot be undone: what it changed stays changed, and only redundancy can be made anew",
}


class Mending(NamedTuple):
    """What is done after a fault, as a noun, as a question, as the head of a list, and while it goes on."""

    noun: str
    question: str
    done: str
    does: str
    doing: str


PUT_BACK = Mending("put-back", "Was it put back?", "What was put back", "Puts back", "putting back")
RE_PROTECTION = Mending(
    "re-protection", "Was it re-protected?", "What was re-protected", "Re-protects", "re-protecting: nothing is undone"
)


def mending(reversibilities: Iterable[str]) -> Mending:
    """Of faults of these kinds together: one that is one-way decides."""
    return RE_PROTECTION if ONE_WAY in reversibilities else PUT_BACK
