"""Reconciliation without a database: what a file acknowledges, what documents prove, and which class an entry is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gasbank.errors import BadSettingError
from gasbank.ledger.accounts import SYSTEM, owner
from gasbank.ledger.commands import (
    Deposit,
    Movement,
    Reserve,
    Settle,
    Trade,
    Transfer,
    Withdraw,
    result_key,
    trade_key,
)
from gasbank.ledger.rules import legs
from gasbank.reconcile.acknowledged import read
from gasbank.reconcile.findings import Booking, Evidence, findings
from gasbank.reconcile.movements import Document, Unproved, command_of

HOUR = "2026-11-23T06:00:00Z"
KWH = st.integers(1, 10**12)
WAY = st.sampled_from(["inject", "withdraw"])
COMMANDS: st.SearchStrategy[Movement] = st.one_of(
    st.builds(Deposit, st.just("alice"), KWH),
    st.builds(Withdraw, st.just("alice"), KWH),
    st.builds(Transfer, st.just("alice"), st.just("bob"), KWH),
    st.builds(Reserve, st.just("alice"), KWH, st.just(HOUR), WAY),
    st.builds(Settle, st.just("k"), st.just("alice"), KWH, WAY, st.booleans(), st.just(HOUR)),
    st.builds(Trade, st.just("alice>bob TTF"), st.just(HOUR), st.just("alice"), st.just("bob"), KWH),
)
MATCHING = f"alice>bob TTF {HOUR} 3"


def key_for(command: Movement) -> str:
    return (
        result_key("k") if isinstance(command, Settle) else trade_key(MATCHING) if isinstance(command, Trade) else "k"
    )


def documents_of(command: Movement) -> list[Document]:
    """As confirmations makes them: each party its own lines."""
    lines: dict[str, int] = {}
    for giver, taker in legs(command):
        lines[giver] = lines.get(giver, 0) - command.kwh
        lines[taker] = lines.get(taker, 0) + command.kwh
    common = {"id": "1", "version": 1, "key": key_for(command), "kind": command.kind, "posted_at": "t"}
    common["hour"] = getattr(command, "hour", "")
    parties = sorted({owner(account) for account in lines} - SYSTEM)
    return [
        {"content": common | {"lines": [{"account": a, "kwh": kwh} for a, kwh in lines.items() if owner(a) == party]}}
        for party in parties
    ]


@given(COMMANDS)
def test_documents_lead_back_to_the_command(command: Movement) -> None:
    """For every kind of movement: its documents make the same command again."""
    assert command_of(documents_of(command), {MATCHING}) == command


@given(COMMANDS, st.data())
def test_what_is_not_whole_proves_nothing(command: Movement, data: st.DataObject) -> None:
    """A party's document is missing, two are about different movements, a line is changed, the matching is lost: nothing is posted."""
    documents = documents_of(command)
    line = documents[0]["content"]["lines"][0]
    spoiled = [
        [
            {
                "content": documents[0]["content"]
                | {"lines": [line | {"kwh": line["kwh"] + 1}, *documents[0]["content"]["lines"][1:]]}
            }
        ]
    ]
    if len(documents) == 2:
        spoiled += [documents[:1], [documents[0], {"content": documents[1]["content"] | {"id": "2"}}]]
    chosen = data.draw(st.sampled_from(spoiled))
    changed_alone = len(chosen) == len(documents) == 1 and not isinstance(command, Reserve | Settle)
    if not changed_alone:  # one line alone cannot contradict itself: its signature is what protects it
        with pytest.raises(Unproved):
            command_of(chosen, {MATCHING})
    if isinstance(command, Trade):
        with pytest.raises(Unproved, match="nominate again"):
            command_of(documents, set())


@pytest.mark.parametrize(
    ("lines", "keys"),
    [
        (["a", "b b", "", '"c"'], {"a", "b b", "c"}),
        (['{"key": "a"}'], {"a"}),
        (
            [
                '{"id": "a", "kind": "transfer", "attempted": 1.0}',
                '{"id": "a", "answered": 2.0, "answer": "acknowledged"}',
                '{"id": "b", "answered": 2.0, "answer": "refused"}',
                '{"id": "c", "attempted": 3.0}',
            ],
            {"a"},
        ),
    ],
)
def test_acknowledged_keys_are_read(lines: list[str], keys: set[str]) -> None:
    """Bare keys, JSON strings, objects with a key, and a journal of writes: only what was acknowledged counts."""
    assert read(lines, "f") == keys


@pytest.mark.parametrize("line", ["{", '{"answer": "acknowledged"}', '"open'])
def test_a_bad_line_is_named(line: str) -> None:
    """What cannot be read is an error with file and line, not an absent key."""
    with pytest.raises(BadSettingError, match="f:2"):
        read(["good", line], "f")


def test_each_entry_is_in_its_class() -> None:
    """Acknowledged and in the books: kept. In neither: lost. In the archive only: recoverable, and a ghost. Only in the books, and old: an orphan."""
    ghost = {"kind": "booking", "subject": "booking r", "party": "alice", "message_id": "m", "version": 1}
    evidence = Evidence(
        acknowledged={"k", "l", "r"},
        keys={"k", "o", "y"},
        bookings=[Booking("k", "alice", 99.0), Booking("o", "bob", 99.0), Booking("y", "bob", 1.0)],
        archived={("alice", "booking k")},
        unknown=[ghost],
        unproved=["x"],
        retracted=set(),
        matched=set(),
    )
    found = findings(evidence, 30.0)
    assert (found.kept, found.lost, found.recoverable) == (1, ["l"], ["r"])
    assert (found.ghosts, found.orphans, found.unproved) == (["booking r (alice, m.v1)"], ["o (bob)"], ["x"])
    assert found.wrong == 5
