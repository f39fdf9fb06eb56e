"""The museum seen from outside, where the mistake is in the web process itself or shows in the archive: asked by the project's probes."""

import asyncio
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any

import pytest
from e2e.museum import Probe, open_museum
from unit.gasbank.desk import Desk
from unit.gasbank.stand import Cluster, Stand, environment, standing
from unit.gasbank_archive.vault import GONE, WELL, Regions, Vault, empty

from firedrill.probes import Answer, Ask
from firedrill.probes.wire import Client, origin
from gasbank.archive.names import item_of
from gasbank.bank import Bank
from gasbank.confirmations.document import canonical
from gasbank.confirmations.handlers import HANDLERS
from gasbank.messaging.envelope import Envelope
from gasbank.messaging.publishing_sql import statements
from gasbank.mistakes import habits
from gasbank.settings import settings
from gasbank.store.engine import make_engine
from gasbank.store.transaction import in_transaction
from probes import gasbank
from probes.gasbank import audit, later

pytestmark = pytest.mark.e2e
RUNS = count()


@pytest.mark.parametrize(("mistake", "said"), [("", ""), ("24-hour-day", "has 23 hours, and the bank says 24")])
def test_a_day_of_24_hours_is_seen(cluster: Cluster, mistake: str, said: str) -> None:
    """The next short and long gas days are asked for, and nominated whole."""
    with open_museum(cluster, MISTAKE=mistake) as museum:
        found = museum.look(audit.gas_days, before=gasbank.prepare)
        assert found.endswith(said)
        assert bool(found) == bool(said)


class Watching:
    """One run of probes against a bank, each call after the other."""

    def __init__(self, port: int) -> None:
        self.run = f"w{next(RUNS)}"
        self._client = Client(origin(f"http://127.0.0.1:{port}"), kept=True)
        self._random, self._ids = Random(1), count()

    def ask(self, watch: str = "w") -> Ask:
        return Ask(
            run=self.run, watch=watch, connection="kept", timeout_s=20.0, settings={}, random=self._random,
            client=self._client, next_id=lambda: f"fd-{self.run}-{next(self._ids)}", journal=lambda *_: None,
            now=lambda: 0.0,
        )  # fmt: skip

    async def call(self, probe: Probe) -> Answer:
        return await probe(self.ask(probe.__name__))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("mistake", "multiplies"), [("", False), ("multiply-retries", True)])
def test_retries_of_more_than_one_layer_are_seen(cluster: Cluster, mistake: str, *, multiplies: bool) -> None:
    """The database refuses for a moment: how many attempts a call made is on record when it is back."""

    async def scenario() -> str:
        async with standing(cluster, MISTAKE=mistake) as bank:
            await bank.warm()
            watching = Watching(bank.port)
            await gasbank.prepare(watching.ask())
            await bank.writes.set(40613)
            await asyncio.gather(*(bank.transfer(f"m-{n}", "alice", "bob", 1, Prefer="wait=1") for n in range(6)))
            await bank.writes.set("pass")
            async with asyncio.timeout(20):  # the record is written when the database is back
                while not bank.sql("SELECT 1 FROM audit.events WHERE event = 'breaker-open'"):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            return (await watching.call(audit.one_attempt)).value

    assert ("calls made" in asyncio.run(scenario())) == multiplies


async def tell(vault: Vault) -> None:
    """Confirmations hears what the ledger has left in its outbox, once each, and tells it."""
    rows = vault.desk.sql(
        """UPDATE ledger.outbox SET sent_at = clock_timestamp() WHERE receiver = 'confirmations' AND sent_at IS NULL
        RETURNING position, id, kind, party, body"""
    )
    engine = make_engine(vault.desk.settings.sql_read_write, "teller", 1, vault.desk.settings.habits, "confirmations")
    async with engine.connect() as connection:
        for position, name, kind, party, body in sorted(rows):
            message = Envelope(name, kind, "ledger", "confirmations", party, position, datetime.now(UTC), body)
            await in_transaction(lambda c, message=message: HANDLERS[message.kind](c, message))(connection)
    await engine.dispose()


class Back:
    """What a worker does, with a mistake, on the database of this web process."""

    def __init__(self, web: Stand, regions: Regions, mistake: str = "") -> None:
        port = web.cluster.port
        one, two = (account.connection() for account in regions.accounts)
        chosen = environment(web.cluster, web.database, port, port, 1, BLOB_1=one, BLOB_2=two, MISTAKE=mistake)
        self.settings = settings(chosen)
        self.bank = Bank(self.settings)
        self._engine = make_engine(self.settings.sql_read_write, "desk", 1, self.settings.habits)
        self._web, self._regions = web, regions

    async def __aenter__(self) -> Vault:
        self._connection = await self._engine.connect()
        desk = Desk(self._web.cluster, self._web.database, self.settings, self._engine, self._connection)
        return Vault(desk, self.bank, self._regions)

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()
        await self._engine.dispose()
        await self.bank.close()


def blobs(regions: Regions) -> dict[str, str]:
    return {f"BLOB_{number}": account.connection() for number, account in enumerate(regions.accounts, 1)}


@pytest.mark.parametrize(("mistake", "code"), [("", ""), ("dead-path", "not-archived"), ("read-one-region", "gone")])
def test_an_archive_that_does_not_reach_region_2_is_seen(
    cluster: Cluster, regions: Regions, mistake: str, code: str
) -> None:
    """Region 1 is gone: what was told is archived and read all the same, unless nobody writes to region 2, or nobody reads there."""

    async def scenario() -> str:
        regions.heal()
        async with standing(cluster, MISTAKE=mistake, **blobs(regions)) as web, Back(web, regions, mistake) as away:
            await empty(away.bank)
            watching = Watching(web.port)
            await gasbank.prepare(watching.ask())
            regions.services[0].order(faults=GONE)
            owed = await later.ask_to_transfer(watching.ask(), f"a-{mistake}")
            assert isinstance(owed, later.Owed)
            assert await later.look_in_archive(watching.ask(), owed) == "not told"
            await tell(away)
            await away.archive()
            said = await later.look_in_archive(watching.ask(), owed)
            regions.services[0].order(faults=WELL)
            return said

    said = asyncio.run(scenario())
    assert bool(said) == bool(code), said


@pytest.mark.parametrize(("mistake", "changed"), [("", False), ("overwrite", True)])
def test_a_document_that_was_overwritten_is_seen(
    cluster: Cluster, regions: Regions, mistake: str, *, changed: bool
) -> None:
    """A customer has read its document; then the bank archives another one under its name."""

    async def scenario() -> Answer:
        regions.heal()
        async with standing(cluster, **blobs(regions)) as web, Back(web, regions, mistake) as back:
            await empty(back.bank)
            watching = Watching(web.port)
            await gasbank.prepare(watching.ask())
            owed = await later.ask_to_transfer(watching.ask(), "o-1")
            assert isinstance(owed, later.Owed)
            await tell(back)
            await back.archive()
            assert await later.look_in_archive(watching.ask(), owed) == ""
            assert (await watching.call(audit.unaltered)).value == ""
            found = await document(watching, owed)
            other = found | {"content": {"another": "life"}}
            if mistake:
                await back.bank.archive.put(item_of(other, canonical(other)))
            else:
                with pytest.raises(Exception, match="another document"):
                    await back.bank.archive.put(item_of(other, canonical(other)))
            return await watching.call(audit.unaltered)

    assert ("another document now" in asyncio.run(scenario()).value) == changed


async def document(watching: Watching, owed: later.Owed) -> dict[str, Any]:
    found = await later.document_about(watching.ask(), owed.what["to"], f"booking {owed.key}")
    assert found is not None
    return found


@pytest.mark.parametrize(("mistake", "left_out"), [("", False), ("forget-outbox", True)])
def test_a_movement_that_nobody_is_told_of_is_seen(
    cluster: Cluster, regions: Regions, mistake: str, *, left_out: bool
) -> None:
    """Some movements wait in the outbox when the publisher forgets it, as the mistake does after an error; later ones are told. The archive
    is a witness of those that were.
    """

    async def scenario() -> tuple[str, dict[str, int]]:
        regions.heal()
        async with standing(cluster, **blobs(regions)) as web, Back(web, regions) as back:
            await empty(back.bank)
            watching = Watching(web.port)
            await gasbank.prepare(watching.ask())
            await tell(back)
            await move(web, "early", 2)
            if habits(mistake).forgets_outbox:
                await back.bank.transact("ledger", lambda c: c.execute(statements("ledger").forget))
            await move(web, "late", 25)
            await tell(back)
            while await back.archive():
                pass
            back.desk.sql("UPDATE confirmations.messages SET issued_at = issued_at - interval '6 s'")
            witness = {key: times async for key, times in gasbank.archive(watching.ask(), "fd-")}
            return (await watching.call(audit.all_told)).value, witness

    said, witness = asyncio.run(scenario())
    assert ("never told, though later ones were: fd-early-0" in said) == left_out
    assert ("fd-early-0" in witness) != left_out
    assert len(witness) == (25 if left_out else 27)


async def move(web: Stand, name: str, number: int) -> None:
    await web.open("alice", "bob", kwh=1000)
    for each in range(number):
        assert (await web.transfer(f"fd-{name}-{each}", "alice", "bob", 1))[0] == 201
