"""Documents are asked for again, each in its turn: one that becomes another is found before it is forgotten."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable

import pytest
from unit.museum.asking import asking

from firedrill.probes import Answer
from probes.gasbank import audit
from probes.gasbank.later import ASKED, KEPT, SEEN, Document, in_turn

DAY = "2026-12-01"
CALLS = 13
"""Two a second: as many as there are before a failover, and between it and the way back, in a drill that hurries."""


def path(run: str, number: int) -> str:
    return f"/archive/{account(run, number)}/id-{number}?gas-day={DAY}&version=1"


def account(run: str, number: int) -> str:
    return f"watch-{run}-{number % 8}"


class Bank:
    """Tells of two transfers before each call, and its books lose the last `lost` calls' of them: who asks for one again makes its document
    another, `moment` answers later.
    """

    def __init__(self, run: str, moment: int) -> None:
        self.run, self.moment = run, moment
        self.told, self.clock, self.listings = 1, 0, 0
        self.away = False
        self.lost: set[int] = set()
        self.overwritten: dict[int, int] = {}
        ASKED[run] = {f"key-{number}": {"to": account(run, number)} for number in range(200)}
        SEEN[run] = {path(run, 0): Document("key-0", ASKED[run]["key-0"], path(run, 0), self.content(0))}

    def content(self, number: int) -> str:
        return "another" if self.clock >= self.overwritten.get(number, 10**9) else f"hash-{number}"

    def answer(self, request: bytes) -> bytes:
        self.clock += 1
        line = request.split(b"\r\n")[0].decode()
        if self.away and line.startswith("POST"):
            return b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}"
        if "/audit/archive/" in line:
            self.listings += 1
            return said(
                {}, {"documents": [self.listed(number) for number in range(self.told) if self.is_of(number, line)]}
            )
        number = int(re.findall(rb"key-(\d+)|/id-(\d+)", request)[0][line.startswith("GET")])
        if line.startswith("POST") and number in self.lost:
            self.overwritten.setdefault(number, self.clock + self.moment)
        return said({"Content-SHA256": self.content(number)}, {})

    def is_of(self, number: int, line: str) -> bool:
        return f"/1/{DAY}?party={account(self.run, number)} " in line

    def listed(self, number: int) -> dict[str, str]:
        name = f"confirmations/{DAY}/{account(self.run, number)}/id-{number}.v1.json"
        return {"name": name, "subject": f"booking key-{number}", "sha256": self.content(number)}


def said(headers: dict[str, str], body: object) -> bytes:
    content = json.dumps(body)
    lines = [
        "HTTP/1.1 200 OK",
        *(f"{name}: {value}" for name, value in headers.items()),
        f"Content-Length: {len(content)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + content).encode()


def calls(bank: Bank, told_before_each: Iterable[int]) -> set[Answer]:
    async def whole() -> set[Answer]:
        answers = set()
        async with asking(bank.answer, bank.run, "documents") as ask:
            for told in told_before_each:
                bank.told += told
                answers.add(await audit.unaltered(ask))
        return answers

    return asyncio.run(whole())


@pytest.mark.parametrize("before", range(CALLS, CALLS + 8))
@pytest.mark.parametrize("moment", [1, 100])
def test_a_document_that_becomes_another_is_found(moment: int, before: int) -> None:
    """Most of what the archive had and the books lose in two seconds is asked for again, whoever had the last turn; and looked at after it."""
    bank = Bank(f"overwritten-{moment}-{before}", moment)
    assert calls(bank, [2] * before) == {Answer("ok")}
    bank.lost = set(range(bank.told - 8, bank.told))
    found = calls(bank, [0] * CALLS)
    assert len(bank.overwritten) >= 4
    found |= calls(bank, [2] * 24)
    assert any("is another document now" in answer.value for answer in found)


def test_what_stays_as_it_was_is_no_finding() -> None:
    """Also when nothing was seen yet; and then nothing is asked."""
    bank = Bank("nothing seen", 1)
    SEEN["nothing seen"] = {}
    assert calls(bank, [1]) == {Answer("ok")}
    assert bank.clock == 0
    assert calls(Bank("quiet", 1), [2] * 20) == {Answer("ok")}


def test_nothing_more_is_listed_after_the_books_were_away() -> None:
    """A listing is as long as what was told; what was told before is still asked for, and looked at."""
    bank = Bank("away", 1)
    calls(bank, [2] * 4)
    bank.away, seen = True, bank.listings
    calls(bank, [2])
    bank.away, asked = False, bank.clock
    calls(bank, [2] * 4)
    assert bank.listings == seen + 2
    assert bank.clock == asked + 4 * 2 * 4


def test_each_has_its_turn_while_others_are_seen() -> None:
    """Two more in each call: who was among the last is asked for twice before it is forgotten."""
    documents = [Document(f"key-{number}", {}, path("turns", number), "") for number in range(40 + KEPT)]
    SEEN["turns"] = {one.path: one for one in documents[:40]}
    seen = Counter(one.path for _ in range(10) for one in in_turn("turns", 4))
    assert set(seen.values()) == {1}
    for number in range(40, 40 + KEPT, 2):
        SEEN["turns"] |= {one.path: one for one in documents[number : number + 2]}
        seen.update(one.path for one in in_turn("turns", 4))
    assert all(seen[one.path] >= 2 for one in documents[30:40])
    assert {one.path for one in in_turn("turns", 1000)} == {one.path for one in documents[-KEPT:]}
