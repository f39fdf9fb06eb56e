"""What the probe of a restored copy finds: too much, too little, and too late."""

from datetime import UTC, datetime, timedelta

import pytest

from probes.gasbank.restored import Journal, Posted, compared

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def books(*seconds: float) -> Journal:
    """Movements that were posted so many seconds after noon, by version."""
    return {number: Posted(f"key-{number}", NOON + timedelta(seconds=at)) for number, at in enumerate(seconds)}


BOOKS = books(-60, -30, -10, -1, 1, 30)


def test_a_copy_of_what_was_posted_until_then_is_right() -> None:
    """With what was under way at that moment, or without it: it may have been committed after it."""
    for length in (3, 4):
        assert compared(dict(list(BOOKS.items())[:length]), BOOKS, NOON) == ""


@pytest.mark.parametrize(
    ("copy", "what"),
    [
        (dict(list(BOOKS.items())[:5]), "1 movements from after the moment: key-4"),
        (dict(list(BOOKS.items())[:2]), "1 movements missing: key-2"),
        (dict(list(BOOKS.items())[1:4]), "1 movements missing: key-0"),
        ({**books(-60, -30, -10), 9: Posted("made-up", NOON)}, "1 movements in the copy and not in the books: made-up"),
        ({}, "3 movements missing: key-0, key-1, key-2"),
    ],
)
def test_a_copy_with_more_or_less_than_that_is_wrong(copy: Journal, what: str) -> None:
    """By name."""
    assert compared(copy, BOOKS, NOON) == what
