"""After a loss the archive has what the bank does not know: that stays, and the bank goes on beside it by itself."""

import asyncio
import json
from typing import Any

import pytest
from unit.gasbank.stand import Cluster
from unit.gasbank_archive.teller import confirmed, posted, tell, told
from unit.gasbank_archive.vault import GONE, WELL, Regions, Vault, vault

from gasbank.confirmations.signing import signer

pytestmark = pytest.mark.e2e
LOSE = "TRUNCATE confirmations.messages, confirmations.lines, confirmations.outbox, archive.manifest"
RECORDED = "SELECT data ->> 'told_again' FROM audit.events WHERE event = 'archive-conflict'"


async def contents(here: Vault, region: int) -> dict[str, bytes]:
    blobs = here.bank.archive.regions[region].blobs
    return {name: await blobs.get(name) or b"" for name in await here.names(region)}


def places(documents: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(each["subject"], each["version"], each["sequence"]) for each in documents]


def test_what_was_told_in_a_lost_history_is_told_again_as_the_next_version(cluster: Cluster, regions: Regions) -> None:
    """Three documents were archived and lost; one of them is issued anew, under the name that the archive has. What the archive has stays, byte
    for byte; the bank's word is its next version, under a number that nobody has seen; what comes later is archived in the same turn; the
    auditor is told. Nothing is left for people.
    """

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            await tell(here.desk, posted("alice", "gone"), posted("alice", "too"), posted("alice", "again"))
            await here.archive()
            before = await contents(here, 0)
            here.desk.sql(LOSE)
            await tell(here.desk, posted("alice", "again"), posted("alice", "later"))
            await here.archive()
            assert (await here.backlog())[0::3] == (1, 0)
            await here.archive()
            assert await here.backlog() == (0, 0.0, 0, 0)
            after = await contents(here, 0)
            assert before.items() <= after.items()
            new = [json.loads(data) for name, data in after.items() if name not in before]
            assert sorted(places(new)) == [("booking again", 2, 4), ("booking later", 1, 2)]
            assert all(signer().proves(document) for document in new)
            assert here.desk.sql(RECORDED) == [("true",)]
            sent = here.desk.sql("SELECT body FROM confirmations.outbox ORDER BY position")
            assert places([body for (body,) in sent])[-1] == ("booking again", 2, 4)
            assert not await here.archive()
            assert await here.manifest_is_true()

    asyncio.run(scenario())


def test_versions_of_a_lost_history_are_passed_over_one_by_one(cluster: Cluster, regions: Regions) -> None:
    """A deal was matched three times before the loss, and once after it: the newest document is of the last matching, behind all others."""

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            await tell(here.desk, *(confirmed("alice", "bob", "seller", version, version) for version in (1, 2, 3)))
            await here.archive()
            here.desk.sql(LOSE)
            await tell(here.desk, confirmed("alice", "bob", "seller", 1, 9))
            for _ in range(4):
                await here.archive()
            assert await here.backlog() == (0, 0.0, 0, 0)
            newest = told(here.desk, "alice")[-1]
            assert (newest["version"], newest["content"]["hours"][0]["confirmed_kwh"]) == (4, 9)
            archived = [json.loads(data)["version"] for data in (await contents(here, 0)).values()]
            assert sorted(archived) == [1, 2, 3, 4]

    asyncio.run(scenario())


def test_a_newer_word_is_not_followed_by_an_older_one(cluster: Cluster, regions: Regions) -> None:
    """The bank has told a second version before the first turns out to be taken: the second stays the newest."""

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            await tell(here.desk, confirmed("alice", "bob", "seller", 1, 1))
            await here.archive()
            here.desk.sql(LOSE)
            await tell(here.desk, confirmed("alice", "bob", "seller", 1, 8), confirmed("alice", "bob", "seller", 2, 9))
            await here.archive()
            assert await here.backlog() == (0, 0.0, 0, 0)
            assert [each["version"] for each in told(here.desk, "alice")] == [1, 2]

    asyncio.run(scenario())


def test_a_ghost_that_is_found_on_the_way_home_is_passed_over_too(cluster: Cluster, regions: Regions) -> None:
    """Region 1 has the ghost and is away when the bank says the same anew, so it lands in region 2. On its way home it meets the ghost, which
    stays; the bank's word is archived at home as the next version.
    """

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            await tell(here.desk, posted("alice", "again"))
            await here.archive()
            before = await contents(here, 0)
            here.desk.sql(LOSE)
            regions.services[0].order(faults=GONE)
            await tell(here.desk, posted("alice", "again"))
            await here.archive()
            assert len(await here.names(1)) == 1
            regions.services[0].order(faults=WELL)
            await here.until_closed(0)
            await here.home()
            for _ in range(2):
                await here.archive()
            assert (await here.backlog()).waiting == 0
            after = await contents(here, 0)
            assert before.items() <= after.items()
            assert places([json.loads(data) for name, data in after.items() if name not in before]) == [
                ("booking again", 2, 2)
            ]

    asyncio.run(scenario())
