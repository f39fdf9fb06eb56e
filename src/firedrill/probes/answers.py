"""What a probe may answer, and how a request can fail to be answered.

The line that matters is drawn here: `Unreached` means that nothing was sent, so it did not happen; `Broken` means
that it was sent and may have happened. Loss is judged by that line, so nothing in between is allowed.
"""

from typing import NamedTuple

from firedrill.model.history import Outcome


class Answer(NamedTuple):
    """`code` is what the system said when it was not ok; `value` is what the probe read, when it reads something."""

    outcome: Outcome
    code: str = ""
    value: str = ""


def ok(value: str = "") -> Answer:
    return Answer("ok", "", value)


def fail(code: str) -> Answer:
    """It did not happen, and the system said so."""
    return Answer("fail", code)


def unknown(code: str) -> Answer:
    """It may have happened."""
    return Answer("unknown", code)


class Unreached(Exception):  # noqa: N818 - says what happened
    """The request never left: connection refused, no such name, no TLS. The message is the code of the sample."""


class Broken(Exception):  # noqa: N818 - says what happened
    """The request left and no readable answer came back. The message is the code of the sample."""


class Malformed(Broken, ValueError):  # noqa: N818 - says what happened
    """An answer came and cannot be read. A ValueError too, so that a probe may look at the status instead."""
