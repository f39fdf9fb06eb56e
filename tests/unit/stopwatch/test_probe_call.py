"""How a call of a probe ends, whatever the probe does: the line between fail and unknown decides what counts as lost."""

import asyncio
from random import Random
from typing import Any

import pytest
from unit.stopwatch.scripted import OK, served

from firedrill.engine.prober.call import Ended, Probe, call
from firedrill.probes import Answer, Ask, Broken, Unreached, fail, ok, unknown
from firedrill.probes.http import ok as front_page
from firedrill.probes.wire import Client, origin

NOWHERE = origin("http://127.0.0.1:9")


def asked(client: Client, timeout_s: float = 5.0) -> Ask:
    return Ask(
        run="r1", watch="w", connection="new", timeout_s=timeout_s, settings={}, random=Random(1),
        client=client, next_id=lambda: "fd-r1-1", journal=lambda *_: None, now=lambda: 7.0,
    )  # fmt: skip


def ended(probe: Probe, timeout_s: float = 5.0) -> Ended:
    async def main() -> Ended:
        return await call(probe, asked(Client(NOWHERE, kept=False), timeout_s))

    return asyncio.run(main())


def raising(error: Exception) -> Probe:
    async def probe(_: Ask) -> Answer:
        raise error

    return probe


def answering(answer: Any) -> Probe:
    async def probe(_: Ask) -> Answer:
        return answer  # type: ignore[no-any-return]

    return probe


@pytest.mark.parametrize("answer", [ok("12"), fail("40613"), unknown("504")])
def test_what_the_probe_answers_is_passed_on(answer: Answer) -> None:
    """Outcome, code and value as they are."""
    assert ended(answering(answer)) == Ended(*answer)


def test_never_reached_did_not_happen_and_broken_may_have() -> None:
    """Each with its code."""
    assert ended(raising(Unreached("refused"))) == Ended("fail", "refused")
    assert ended(raising(Broken("reset"))) == Ended("unknown", "reset")


def test_a_timeout_may_have_happened() -> None:
    """After the time that the watch gives it, not later."""

    async def never(_: Ask) -> Answer:
        await asyncio.Event().wait()
        return ok()

    assert ended(never, 0.01) == Ended("unknown", "timeout")


def test_a_probe_that_raises_has_crashed() -> None:
    """A fail with the error in its code, and the error itself for the log."""
    result = ended(raising(TypeError("kwh")))
    assert (result.outcome, result.code) == ("fail", "crashed: TypeError: kwh")
    assert isinstance(result.crash, TypeError)


def test_a_probe_that_forgets_to_answer_has_crashed() -> None:
    """None, a bool or a string are not answers."""
    for answer in (None, True, "ok"):
        assert ended(answering(answer)).code.startswith("crashed: TypeError: it returned")


def test_a_long_code_is_cut() -> None:
    """An error page as a code must not fill the record."""
    assert len(ended(answering(fail("x" * 10_000))).code) == 200


@pytest.mark.parametrize(("status", "expected"), [(200, Ended("ok")), (302, Ended("ok")), (503, Ended("fail", "503"))])
def test_the_probe_of_the_front_page(status: int, expected: Ended) -> None:
    """2xx and 3xx are ok, anything else fails with its status."""

    async def main() -> Ended:
        async with served(lambda _: OK.replace(b"200", str(status).encode())) as visits:
            return await call(front_page, asked(Client(origin(visits.url), kept=False)))

    assert asyncio.run(main()) == expected


def test_sent_is_when_the_first_request_left() -> None:
    """Not when the call began: a probe may think first."""

    async def main() -> tuple[float | None, float | None]:
        async with served(lambda _: OK) as visits:
            ask = asked(Client(origin(visits.url), kept=False))
            before = ask.sent
            await ask.post("/transfers", {"kwh": 1}, {"Idempotency-Key": ask.new_id()})
            assert visits.requests[0].endswith(b'\r\n\r\n{"kwh":1}')
            return before, ask.sent

    assert asyncio.run(main()) == (None, 7.0)
