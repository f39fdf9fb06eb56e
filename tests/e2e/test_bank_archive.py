"""The archive on the rebound: on real blob services, one of which goes away, comes back, and lies."""

import asyncio
import json
from contextlib import suppress

import certifi
import pytest
from unit.gasbank.stand import Cluster
from unit.gasbank_archive.teller import posted, tell, told
from unit.gasbank_archive.vault import GONE, WELL, Regions, vault

from gasbank.archive.blobs import BlobError, Blobs
from gasbank.archive.names import Item, digest, item_of
from gasbank.confirmations.document import canonical
from gasbank.confirmations.signing import signer
from gasbank.resilience.classify import BreakerOpenError

pytestmark = pytest.mark.e2e


def test_what_was_told_is_archived_in_region_1(cluster: Cluster, regions: Regions) -> None:
    """Each document lies under its gas day, party and name, byte for byte as it is kept and signed; the sequences in the archive
    have no gap (I7); archiving again does nothing.
    """

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            await tell(here.desk, *(posted("alice", f"k{number}") for number in range(20)), posted("bob", "k0"))
            assert (await here.backlog()).waiting == 21
            assert not await here.archive()
            assert (await here.backlog()) == (0, 0.0, 0, 0)
            names = await here.names(0)
            assert len(names) == 21
            assert await here.names(1) == []
            documents = {}
            for name in names:
                found = await here.bank.archive.read(name)
                assert found is not None
                documents[name] = json.loads(found.data)
            assert all(signer().proves(document) for document in documents.values())
            ours = [document for document in documents.values() if document["party"] == "alice"]
            assert sorted(document["sequence"] for document in ours) == list(range(1, 21))
            assert sorted(documents) == sorted(
                item_of(document, b"").name for party in ("alice", "bob") for document in told(here.desk, party)
            )
            assert await here.manifest_is_true()

    asyncio.run(scenario())


def test_region_1_down_lands_in_region_2_and_goes_home(cluster: Cluster, regions: Regions) -> None:
    """Region 1 is gone: confirmations land in region 2 in the same turn and are readable at once. It comes back: they go home, are
    what they were, and are in one place only. The changes are on record for the auditor.
    """

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            regions.services[0].order(faults=GONE)
            await tell(here.desk, *(posted("alice", f"k{number}") for number in range(20)))
            await here.archive()
            away = await here.names(1)
            assert (await here.backlog()) == (0, 0.0, 20, 0)
            for name in away:
                found = await here.bank.archive.read(name)
                assert found is not None
                assert found.region == "2"
            await here.home()
            assert (await here.backlog()).displaced == 20
            regions.services[0].order(faults=WELL)
            await here.until_closed(0)
            await here.home()
            assert (await here.backlog()).displaced == 0
            assert (await here.names(0), await here.names(1)) == (away, [])
            assert await here.manifest_is_true()
        events = {event for (event,) in here.desk.sql("SELECT event FROM audit.events")}
        assert {"breaker-open", "breaker-closed"} <= events

    asyncio.run(scenario())


def test_connections_are_used_again() -> None:
    """Ten blobs go over one connection, also where a bundle of certificates is given: with a new one for each, the archive would cost
    more than all the rest of the bank.
    """

    async def scenario() -> None:
        connections = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            with suppress(asyncio.IncompleteReadError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
                    writer.write(b'HTTP/1.1 201 Created\r\nContent-Length: 0\r\nETag: "1"\r\n\r\n')
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        address = f"AccountName=a;AccountKey=AAAA;BlobEndpoint=http://127.0.0.1:{port}/a"
        blobs = Blobs(address, certifi.where())
        for number in range(10):
            await blobs.put(Item(f"{number}", b"{}", {"sha256": digest(b"{}")}), create_only=True)
        await blobs.close()
        server.close()
        assert connections == 1

    asyncio.run(scenario())


def test_both_regions_down_loses_nothing(cluster: Cluster, regions: Regions) -> None:
    """With both regions gone documents wait; afterwards all are archived, in whichever region is back."""

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            for service in regions.services:
                service.order(faults=GONE)
            await tell(here.desk, *(posted("alice", f"k{number}") for number in range(5)))
            assert not await here.archive()
            assert (await here.backlog()).waiting == 5
            regions.services[1].order(faults=WELL)
            await here.until_closed(1)
            await here.archive()
            assert (await here.backlog())[0::2] == (0, 5)

    asyncio.run(scenario())


def test_not_there_in_one_region_is_not_not_there(cluster: Cluster, regions: Regions) -> None:
    """Written to region 2 while region 1 was away, read after it is back: there. Region 2 away: nobody says "not there"."""

    async def scenario(mistake: str) -> bool:
        async with vault(cluster, regions, mistake) as here:
            regions.services[0].order(faults=GONE)
            await tell(here.desk, posted("alice", "k"))
            await here.archive()
            (name,) = await here.names(1)
            regions.services[0].order(faults=WELL)
            await here.until_closed(0)
            found = await here.bank.archive.read(name)
            if not mistake:
                regions.services[1].order(faults=GONE)
                with pytest.raises((BlobError, BreakerOpenError)):
                    await here.bank.archive.read(name)
            return found is not None

    assert asyncio.run(scenario(""))
    assert not asyncio.run(scenario("read-one-region"))


def test_another_document_under_the_same_name_is_an_alarm(cluster: Cluster, regions: Regions) -> None:
    """The archive has another document under the name of ours: it stays as it is, ours is set aside, the auditor is told. With the
    mistake `overwrite` the evidence is gone.
    """

    async def scenario(mistake: str) -> bool:
        async with vault(cluster, regions, mistake) as here:
            await tell(here.desk, posted("alice", "k"))
            (ours,) = told(here.desk, "alice")
            other = ours | {"content": {"another": "life"}}
            item = item_of(other, canonical(other))
            await here.bank.archive.regions[0].blobs.put(item, create_only=False)
            await here.archive()
            backlog = await here.backlog()
            recorded = here.desk.sql("SELECT data ->> 'found' FROM audit.events WHERE event = 'archive-conflict'")
            assert (backlog.waiting, backlog.conflicts, recorded) == (
                (0, 0, []) if mistake else (0, 1, [(item.sha256,)])
            )
            found = await here.bank.archive.read(item.name)
            assert found is not None
            return found.data == item.data

    assert asyncio.run(scenario(""))
    assert not asyncio.run(scenario("overwrite"))


def test_archiving_twice_is_archiving_once(cluster: Cluster, regions: Regions) -> None:
    """The process dies between the upload and its mark in the database: the upload comes again, finds itself, and is success."""

    async def scenario() -> None:
        async with vault(cluster, regions) as here:
            await tell(here.desk, posted("alice", "k"))
            await here.archive()
            here.desk.sql("UPDATE confirmations.messages SET archived_at = NULL, region = NULL")
            await here.archive()
            assert (await here.backlog()) == (0, 0.0, 0, 0)
            assert len(await here.names(0)) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(("mistake", "waits", "away"), [("", 0, 0), ("dead-path", 3, 0), ("never-home", 0, 3)])
def test_mistakes_of_the_archive_show(cluster: Cluster, regions: Regions, mistake: str, waits: int, away: int) -> None:
    """Right: nothing waits and nothing is away after an outage of region 1. A dead path leaves all waiting while it lasts; who never
    goes home leaves all displaced.
    """

    async def scenario() -> None:
        async with vault(cluster, regions, mistake) as here:
            regions.services[0].order(faults=GONE)
            await tell(here.desk, *(posted("alice", f"k{number}") for number in range(3)))
            await here.archive()
            assert (await here.backlog()).waiting == waits
            regions.services[0].order(faults=WELL)
            await here.until_closed(0)
            await here.home()
            assert (await here.backlog()).displaced == away

    asyncio.run(scenario())


@pytest.mark.parametrize(("mistake", "open_s"), [("", 3.0), ("slow-archive-breaker", 60.0)])
def test_the_archive_is_asked_again_as_soon_as_a_bus(
    cluster: Cluster, regions: Regions, mistake: str, open_s: float
) -> None:
    """After a failure a region is asked again when a bus would be; with the mistake only after a minute."""

    async def scenario() -> None:
        async with vault(cluster, regions, mistake, None) as here:
            regions.services[0].order(faults=GONE)
            await tell(here.desk, *(posted("alice", f"k{number}") for number in range(3)))
            await here.archive()
            assert open_s - 1.5 < here.bank.archive.regions[0].breaker.ready_in() <= open_s

    asyncio.run(scenario())
