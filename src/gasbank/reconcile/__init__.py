"""`python -m gasbank reconcile`: after a loss, compare what was acknowledged, what the books have, and what the outside was told."""

from gasbank.settings import Settings


def run(settings: Settings, arguments: list[str]) -> int:
    """The exit code: 0 nothing is wrong or all was repaired, 1 something is left, 2 usage."""
    from gasbank.reconcile.command import main

    return main(settings, arguments)
