"""One call of one probe, and what its end means: ok, fail (it did not happen) or unknown (it may have happened).

A probe that raises something of its own has crashed. That is our fault and not the system's: it is said aloud, so
that the run cannot pass.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from firedrill.model.history import Outcome
from firedrill.probes import Answer, Ask, Broken, Unreached

Probe = Callable[[Ask], Awaitable[Answer]]
CODE_LENGTH = 200
CRASHED = "crashed: "


class Ended(NamedTuple):
    """`crash` is what the probe raised, when it was the probe that failed."""

    outcome: Outcome
    code: str = ""
    value: str = ""
    crash: BaseException | None = None


async def call(probe: Probe, ask: Ask) -> Ended:
    """Call it, for at most `ask.timeout_s` in all."""
    try:
        async with asyncio.timeout(ask.timeout_s):
            return as_ended(await probe(ask))
    except TimeoutError:
        return Ended("unknown", "timeout")
    except Unreached as error:
        return Ended("fail", str(error))
    except Broken as error:
        return Ended("unknown", str(error))
    except Exception as error:  # noqa: BLE001 - a probe is somebody else's code; its crash is a result
        return Ended("fail", f"{CRASHED}{type(error).__name__}: {error}"[:CODE_LENGTH], "", error)


def as_ended(answer: object) -> Ended:
    if not isinstance(answer, Answer):
        raise TypeError(f"it returned {answer!r}, not an Answer")
    return Ended(answer.outcome, answer.code[:CODE_LENGTH], answer.value)
