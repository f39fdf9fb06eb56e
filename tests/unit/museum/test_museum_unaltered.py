"""Documents that were read are asked for again, each in its turn: one that becomes another is found before it is forgotten."""

import asyncio
import re
from collections import Counter
from random import Random

import pytest
from unit.stopwatch.scripted import served

from firedrill.probes import Answer, Ask
from firedrill.probes.wire import Client, origin
from probes.gasbank import audit, later
from probes.gasbank.later import KEPT, READ, Document, in_turn

RISKY = range(30, 40)
"""The newest of forty documents when the failover comes: told in the seconds that were lost."""
OUTAGE_CALLS = 13
"""Two a second, between a failover and the way back of a drill that hurries."""


def document(number: int) -> Document:
    return Document(f"key-{number}", {}, f"/archive/{number}?", f"hash-{number}")


class Archive:
    """A bank that has forgotten the movements of RISKY: who asks for one again makes its document another, a moment `later`."""

    def __init__(self, moment: int) -> None:
        self.moment = moment
        self.clock = 0
        self.overwritten: dict[int, int] = {}

    def answer(self, request: bytes) -> bytes:
        self.clock += 1
        found = re.search(rb"key-(\d+)|/archive/(\d+)", request)
        assert found
        number = int(found[1] or found[2])
        if found[1] and number in RISKY:
            self.overwritten.setdefault(number, self.clock + self.moment)
        changed = self.clock >= self.overwritten.get(number, 10**9)
        content = "another" if changed else f"hash-{number}"
        return f"HTTP/1.1 200 OK\r\nContent-SHA256: {content}\r\nContent-Length: 2\r\n\r\n{{}}".encode()


def calls(run: str, archive: Archive, count: int, then: int = 0) -> list[Answer]:
    """So many calls while nothing can be read, `then` more of which each comes after two new documents."""

    async def whole() -> list[Answer]:
        async with served(archive.answer) as visits:
            client = Client(origin(visits.url), kept=True)
            ask = Ask(
                run=run, watch="documents", connection="kept", timeout_s=2.0, settings={}, random=Random(1),
                client=client, next_id=lambda: "", journal=lambda *_: None, now=lambda: 0.0,
            )  # fmt: skip
            answers = []
            for number in range(count + then):
                READ[run] += [document(100 + 2 * number), document(101 + 2 * number)] if number >= count else []
                answers.append(await audit.unaltered(ask))
            client.close()
        return answers

    return asyncio.run(whole())


@pytest.mark.parametrize("began", range(0, 40, 7))
@pytest.mark.parametrize("moment", [1, 100])
def test_a_document_that_becomes_another_is_found_before_it_is_forgotten(moment: int, began: int) -> None:
    """All are asked for in the outage, whoever had the last turn before it; and once more after it."""
    run = f"overwritten-{moment}-{began}"
    READ[run], later.TURN[run] = [document(number) for number in range(40)], began
    archive = Archive(moment)
    found = {answer.value for answer in calls(run, archive, OUTAGE_CALLS)}
    assert set(archive.overwritten) == set(RISKY)
    found |= {answer.value for answer in calls(run, archive, 0, then=24)}
    assert any("is another document now" in value for value in found)


def test_what_stays_as_it_was_is_no_finding() -> None:
    """Also when nothing was read yet."""
    assert calls("nothing read", Archive(1), 1) == [Answer("ok")]
    READ["quiet"] = [document(number) for number in range(20)]
    assert calls("quiet", Archive(1), 12) == [Answer("ok")] * 12


def test_each_has_its_turn_while_others_are_read() -> None:
    """Two more in each call, as the watch reads them: who was among the last is asked for twice before it is forgotten."""
    READ["turns"] = [document(number) for number in range(40)]
    seen = Counter(one.path for _ in range(10) for one in in_turn("turns", 4))
    assert set(seen.values()) == {1}
    for number in range(40, 40 + KEPT, 2):
        READ["turns"] += [document(number), document(number + 1)]
        seen.update(one.path for one in in_turn("turns", 4))
    assert all(seen[document(number).path] >= 2 for number in RISKY)
    assert later.TURN["turns"] >= 40
    assert {one.path for one in in_turn("turns", 1000)} == {one.path for one in READ["turns"][-KEPT:]}
