"""What was told is read over HTTP: from the books, and from the archive itself, in whichever region it is."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from unit.gasbank.desk import Desk
from unit.gasbank.stand import Cluster, Stand, environment, standing
from unit.gasbank_archive.teller import posted, tell, told
from unit.gasbank_archive.vault import GONE, WELL, Regions, Vault, empty

from gasbank.bank import Bank
from gasbank.settings import settings
from gasbank.store.engine import make_engine

pytestmark = pytest.mark.e2e


@asynccontextmanager
async def worker(web: Stand, one: str, two: str, regions: Regions) -> AsyncIterator[Vault]:
    """What a worker does, on the database of this web process."""
    port = web.cluster.port
    chosen = settings(environment(web.cluster, web.database, port, port, 1, BLOB_1=one, BLOB_2=two))
    bank, engine = Bank(chosen), make_engine(chosen.sql_read_write, "desk", 1, chosen.habits)
    await empty(bank)
    async with engine.connect() as connection:
        yield Vault(Desk(web.cluster, web.database, chosen, engine, connection), bank, regions)
    await bank.close()
    await engine.dispose()


def test_an_archived_document_is_readable_at_once_from_region_2(cluster: Cluster, regions: Regions) -> None:
    """Region 1 is down while it is archived: a web process serves it, byte for byte, while region 1 is down and after it is back. What no
    region has is 404; while a region that may have it is away it is 503.
    """

    async def scenario() -> None:
        one, two = (account.connection() for account in regions.accounts)
        async with standing(cluster, "reads", BLOB_1=one, BLOB_2=two) as web, worker(web, one, two, regions) as away:
            regions.services[0].order(faults=GONE)
            await tell(away.desk, posted("alice", "k"))
            await away.archive()
            (document,) = told(away.desk, "alice")
            path = f"/archive/alice/{document['message_id']}"
            for _ in range(2):
                async with web.http.get(f"http://127.0.0.1:{web.port}{path}") as answer:
                    data = await answer.read()
                    assert (answer.status, answer.headers["Archive-Region"]) == (200, "2")
                    assert answer.headers["Content-SHA256"] == hashlib.sha256(data).hexdigest()
                    assert await answer.json() == document
                regions.services[0].order(faults=WELL)
            page = (await web.get("/confirmations/alice"))[1]
            assert (page["confirmations"], page["next"]) == ([document], None)
            listing = f"/audit/archive/2/{document['gas_day']}?party="
            (listed,) = (await web.get(f"{listing}alice"))[1]["documents"]
            assert (listed["subject"], listed["sha256"]) == (document["subject"], hashlib.sha256(data).hexdigest())
            assert (await web.get(f"{listing}bob"))[1]["documents"] == []
            assert (await web.get(f"{listing}alice/.."))[0] == 422
            assert (await web.get("/archive/bob/" + document["message_id"]))[0] == 404
            unknown = f"{path}?gas-day=2026-11-23&version=9"
            await away.until_closed(0)
            regions.services[1].order(faults=GONE)
            assert (await web.get(unknown))[0] == 503
            regions.services[1].order(faults=WELL)
            async with asyncio.timeout(30):  # until the web process asks region 2 again
                while (found := await web.get(unknown))[0] == 503:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            assert (found[0], found[1]["code"]) == (404, "not-archived")

    asyncio.run(scenario())
