"""What customers are told: one document per message and party, numbered without a gap, each once, the same numbers to both sides."""

import asyncio

import pytest
from unit.gasbank.desk import desk
from unit.gasbank.stand import Cluster
from unit.gasbank_archive.teller import DAY, confirmed, posted, said, tell, told

from gasbank.confirmations.signing import signer

pytestmark = pytest.mark.e2e


def test_each_movement_is_confirmed_once_and_in_order(cluster: Cluster) -> None:
    """Sequences have no gap, each document is signed and is what lies in the outbox, and a message that comes again says nothing new."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            messages = [posted("alice", f"k{number}", version=number) for number in range(1, 6)]
            await tell(bank, *messages, *messages)
            documents = told(bank, "alice")
            assert [document["sequence"] for document in documents] == [1, 2, 3, 4, 5]
            assert {document["version"] for document in documents} == {1}
            assert all(signer().proves(document) for document in documents)
            waiting = bank.sql("SELECT body, party, receiver FROM confirmations.outbox ORDER BY position")
            assert waiting == [(document, "alice", "outside") for document in documents]

    asyncio.run(scenario())


def test_both_sides_of_a_deal_end_with_the_same_numbers(cluster: Cluster) -> None:
    """Matchings come late, twice and in the wrong order: the latest document of either party has the newest matching (I5)."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            alice = [confirmed("alice", "bob", "seller", version, 10 * version) for version in (1, 2, 3)]
            bob = [confirmed("bob", "alice", "buyer", version, 10 * version) for version in (1, 2, 3)]
            await tell(bank, alice[0], bob[2], bob[0], alice[2], alice[1], bob[1], alice[2])
            ends = [told(bank, party)[-1] for party in ("alice", "bob")]
            assert [end["content"]["hours"] for end in ends] == [alice[2].body["hours"]] * 2
            assert [end["in_reply_to"] for end in ends] == ["nomination-3"] * 2
            assert [document["version"] for document in told(bank, "alice")] == [1, 2]
            assert len({document["message_id"] for document in told(bank, "alice")}) == 1

    asyncio.run(scenario())


def test_rejections_and_statements_are_told_too(cluster: Cluster) -> None:
    """Each kind of message has a document, of its gas day; a statement is passed on whole."""

    async def scenario() -> None:
        async with desk(cluster) as bank:
            rejected = said("rejected", "alice", {"message_id": "N1", "reason": "late", "detail": "gate closed"})
            body = {"gas_day": DAY, "lines": [{"kwh": 5}], "totals": {"kwh": 5}}
            await tell(bank, rejected, said("day-statement", "alice", body, "statements"))
            first, second = told(bank, "alice")
            assert (first["kind"], first["in_reply_to"], first["content"]["reason"]) == ("rejection", "N1", "late")
            assert (second["kind"], second["gas_day"], second["content"]) == ("statement", DAY, body)

    asyncio.run(scenario())
