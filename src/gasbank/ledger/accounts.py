"""The names of accounts. A customer's own account is the title to gas at the hub; beside it stand two that only the bank can name.

No customer can ask for a name with a slash, so nobody can open, fill or empty these by the front door.
"""

GRID = "GRID"
"""The outside world: what customers hold together, and what is in the plant, is what it lacks."""

PLANT = "PLANT"
"""Gas in the plant, as the books have it: a mirror of what customers have in store."""

SYSTEM = frozenset({GRID, PLANT})


def store(account: str) -> str:
    """The customer's gas in store."""
    return f"{account}/store"


def suspense(account: str) -> str:
    """The customer's gas in flight: set aside until the plant has answered."""
    return f"{account}/suspense"


def owner(account: str) -> str:
    """The customer (or system account) that an account belongs to."""
    return account.partition("/")[0]


def kind_of(account: str) -> str:
    """portfolio, store, suspense, grid or plant."""
    return account.lower() if account in SYSTEM else account.partition("/")[2] or "portfolio"
