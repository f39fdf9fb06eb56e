"""Many messages handled at a time leave exactly what they leave one by one; and one that fails is found alone."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from unit.gasbank.stand import Cluster, environment, running_cluster
from unit.gasbank_archive import teller

from gasbank.bank import Bank
from gasbank.confirmations.document import name_of
from gasbank.confirmations.handlers import HANDLERS as CONFIRMATIONS
from gasbank.messaging.envelope import Envelope
from gasbank.messaging.handling import Handling
from gasbank.messaging.inbox import Handler
from gasbank.migrate import migrate
from gasbank.settings import Settings, settings
from gasbank.statements.handlers import HANDLERS as STATEMENTS
from gasbank.store.engine import make_engine
from gasbank.store.transaction import in_transaction

pytestmark = pytest.mark.e2e
PARTIES, KEYS = ("alice", "bob"), ("k1", "k2", "k3")
MADE_ANEW = ("issued_at", "hash", "signature")  # of a document: they follow from when it was issued
EMPTY = """TRUNCATE confirmations.messages, confirmations.lines, confirmations.adopted, confirmations.outbox,
    confirmations.inbox, confirmations.inbox_lines, statements.lines, statements.accounts, statements.open_hours,
    statements.inbox, statements.inbox_lines"""
TOLD = "SELECT document FROM confirmations.messages ORDER BY party, sequence"
SAID = "SELECT body FROM confirmations.outbox ORDER BY party, position"
KEPT = (
    "SELECT account, sequence, party, id::text, key, kwh, balance_kwh, moment FROM statements.lines ORDER BY 1, 2",
    "SELECT account, party, lines, last FROM statements.accounts ORDER BY 1",
    "SELECT party, hour FROM statements.open_hours ORDER BY 1, 2",
)


class Books(msgspec.Struct):
    cluster: Cluster
    database: str
    settings: Settings

    def sql(self, statement: str) -> list[Any]:
        return self.cluster.execute(self.database, statement)

    def handle(self, capability: str, handler: Handler, batches: Sequence[Sequence[Envelope]]) -> None:
        """Each batch in a transaction of its own, with the rights of the capability."""
        asyncio.run(self._handle(capability, handler, batches))

    async def _handle(self, capability: str, handler: Any, batches: Sequence[Sequence[Envelope]]) -> None:
        engine = make_engine(self.settings.sql_read_write, "books", 1, self.settings.habits, capability)
        try:
            async with engine.connect() as connection:
                for batch in batches:
                    await in_transaction(lambda given, batch=batch: handler.together(given, batch))(connection)
        finally:
            await engine.dispose()


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    with running_cluster() as cluster:
        database = cluster.database()
        chosen = settings(environment(cluster, database, cluster.port, cluster.port, 1))
        asyncio.run(migrate(chosen))
        yield Books(cluster, database, chosen)


def cuts_of(messages: list[Envelope], cuts: set[int]) -> list[list[Envelope]]:
    """The same messages in the same order, cut into batches."""
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(messages)), len(messages)]
    return [messages[begin:end] for begin, end in pairwise(edges)]


BOOKINGS = st.builds(
    lambda party, key, kwh, version: teller.posted(party, key, kwh, version, id=f"{uuid.UUID(int=version)}"),
    st.sampled_from(PARTIES),
    st.sampled_from(KEYS),
    st.integers(1, 2),
    st.integers(1, 3),
)
MATCHINGS = st.builds(
    lambda party, version, kwh: teller.confirmed(party, "carol", "seller", version, kwh),
    st.sampled_from(PARTIES),
    st.integers(1, 3),
    st.integers(1, 2),
)
ADOPTED = st.sets(st.tuples(st.sampled_from(PARTIES), st.sampled_from(KEYS), st.integers(1, 4)), max_size=3)
CUTS = st.sets(st.integers(1, 11))


@given(st.lists(BOOKINGS | MATCHINGS, min_size=1, max_size=12), CUTS, ADOPTED)
@hypothesis_settings(max_examples=20, deadline=None)
def test_customers_are_told_the_same_in_batches_as_one_by_one(
    books: Books, messages: list[Envelope], cuts: set[int], adopted: set[tuple[str, str, int]]
) -> None:
    """The same documents with the same versions and numbers: the same party and the same name several times in a batch, old and
    repeated news, and versions that the outside was told before a loss.
    """
    found = []
    for batches in ([[message] for message in messages], cuts_of(messages, cuts)):
        books.sql(EMPTY)
        for party, key, version in adopted:
            values = f"'{name_of(party, f'booking {key}')}', {version}, 'h', '{party}', 1, 's', '2026-11-23'"
            books.sql(
                f"INSERT INTO confirmations.adopted (id, version, hash, party, sequence, subject, gas_day) VALUES ({values})"  # noqa: S608
            )
        books.handle("confirmations", CONFIRMATIONS["posted"], batches)
        documents = [msgspec.json.decode(document) for (document,) in books.sql(TOLD)]
        assert [body for (body,) in books.sql(SAID)] == documents
        found.append([{name: document[name] for name in document if name not in MADE_ANEW} for document in documents])
    assert found[0] == found[1]


MOVEMENTS = st.lists(
    st.tuples(st.sampled_from(PARTIES), st.sampled_from(("", "/store")), st.integers(1, 5)), max_size=12
)


def movement(party: str, beside: str, sequence: int) -> Envelope:
    """The same place in a stream is always the same movement, so a second one is a copy."""
    line = {"account": f"{party}{beside}", "kwh": sequence, "balance_kwh": sequence, "sequence": sequence}
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{party}{beside} {sequence}"))
    moment = f"2026-11-23T{6 + sequence % 3:02}:12:00.000001Z"
    return teller.posted(party, name, lines=[line], id=name, posted_at=moment)


@given(MOVEMENTS, CUTS)
@hypothesis_settings(max_examples=15, deadline=None)
def test_statements_keep_the_same_in_batches_as_one_by_one(
    books: Books, movements: list[tuple[str, str, int]], cuts: set[int]
) -> None:
    """The same lines, counts and open hours, with copies and gaps, in any order."""
    messages = [movement(*each) for each in movements]
    found = []
    for batches in ([[message] for message in messages], cuts_of(messages, cuts)):
        books.sql(EMPTY)
        books.handle("statements", STATEMENTS["posted"], batches)
        found.append([books.sql(statement) for statement in KEPT])
    assert found[0] == found[1]


def test_one_bad_message_in_a_batch_goes_to_quarantine_alone(books: Books) -> None:
    """All others of its batch have their effect, also those of its own line behind it."""
    books.sql(EMPTY)
    for sequence, party in enumerate(("alice", "bob", "alice", "alice", "bob"), 1):
        message = movement(party, "", sequence)
        bad = sequence == 3
        body = message.body | ({"lines": [{**message.body["lines"][0], "account": "carol"}]} if bad else {})
        place = f"(SELECT count(*) + 1 FROM statements.inbox WHERE party = '{party}')"  # noqa: S608
        books.sql(
            f"""INSERT INTO statements.inbox_lines (sender, party) VALUES ('ledger', '{party}') ON CONFLICT DO NOTHING;
            INSERT INTO statements.inbox (id, sender, party, sequence, kind, body, occurred_at, bus) VALUES ('{uuid.uuid4()}',
            'ledger', '{party}', {place}, 'posted', '{msgspec.json.encode(body).decode()}', '{datetime.now(UTC)}', 'A')"""  # noqa: S608
        )

    async def scenario() -> None:
        bank = Bank(books.settings)
        handling = Handling(bank, "statements", STATEMENTS, lambda: None)
        while await handling.handle():
            pass
        await bank.close()

    asyncio.run(scenario())
    assert books.sql("SELECT party, sequence FROM statements.inbox WHERE quarantined_at IS NOT NULL") == [("alice", 2)]
    assert books.sql("SELECT count(*) FROM statements.inbox WHERE processed_at IS NULL") == [(0,)]
    assert books.sql("SELECT party, sequence FROM statements.lines ORDER BY 2") == [
        ("alice", 1),
        ("bob", 2),
        ("alice", 4),
        ("bob", 5),
    ]
