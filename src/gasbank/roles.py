"""What one process of the bank does: take commands, answer reads, work in the background, run the plant, or all on one port.

Commands and reads can be deployed apart; commands need nothing but the read-write database.
"""

from typing import NamedTuple


class Role(NamedTuple):
    """`takes`, `answers`: serves the POST side, the GET side. `works_for`: capabilities whose messages it handles."""

    takes: bool = False
    answers: bool = False
    works_for: tuple[str, ...] = ()

    @property
    def serves(self) -> bool:
        return self.takes or self.answers


ALL = "all"
ROLES = {
    ALL: Role(takes=True, answers=True),
    "commands": Role(takes=True),
    "reads": Role(answers=True),
    "worker": Role(works_for=("ledger", "nominations", "confirmations", "statements")),
    "plant": Role(works_for=("plant",)),
}
