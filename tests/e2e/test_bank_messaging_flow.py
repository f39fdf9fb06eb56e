"""Messages between capabilities on a real PostgreSQL, two real buses and worker processes, while parts of it are taken away."""

import asyncio
import random
import signal
from collections.abc import Iterator

import msgspec
import pytest
from contract.bus_process import BusProcess
from e2e.post_office import gapless, open_office, two_buses
from unit.gasbank.stand import Cluster
from unit.gasbank_messaging.mail import bundle

from gasbank.messaging.azure_bus import AzureBus
from gasbank.messaging.bus import BusError, Delivery, Parcel
from gasbank.messaging.queues import QUEUES

pytestmark = pytest.mark.e2e
QUEUE = QUEUES["statements"]
Buses = tuple[BusProcess, BusProcess]


@pytest.fixture(scope="module")
def buses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buses]:
    with two_buses(tmp_path_factory.mktemp("buses")) as buses:
        yield buses


def test_bus_a_dies_and_comes_back(cluster: Cluster, buses: Buses) -> None:
    """Over A; A killed: over B, soon, with what A may still have; A back: over A again, after a probe. Each once, in order, the change on record."""
    with open_office(cluster, buses) as office:
        office.say(30)
        office.all_handled(30)
        assert office.buses_used() == {"A": 30}
        office.a.kill()
        office.say(30)
        took = office.all_handled(60)
        print(f"with bus A killed, 30 messages came over B within {took:.2f} s")
        assert office.buses_used() == {"B": 60}
        office.a.start()
        said = 60

        def over_a_again() -> bool:
            nonlocal said
            office.say(3)
            said += 3
            office.all_handled(said)
            return "A" in office.buses_used()

        office.until(over_a_again, "back on A")
        lines = office.lines()
        assert gapless(lines)
        assert sum(map(len, lines.values())) == said
        changes = office.sql("SELECT data ->> 'from', data ->> 'to' FROM audit.events WHERE event = 'bus-changed'")
        assert ("A", "B") in changes
        assert ("B", "A") in changes
        assert 'gasbank_outbox_oldest_seconds{capability="ledger"} ' in office.get("/metrics")


def test_both_buses_away_then_drained_in_order(cluster: Cluster, buses: Buses) -> None:
    """Nothing is lost and nothing refused: the outbox grows, says how old it is, and empties itself in order."""
    with open_office(cluster, buses) as office:
        office.a.kill()
        office.b.kill()
        office.say(200, parties=5)
        office.until(lambda: office.get("/status")["outbox"]["depth"] == 200, "the outbox is shown")
        assert office.get("/status")["outbox"]["oldest_s"] > 0
        office.b.start()
        office.say(50, parties=5)
        office.all_handled(250)
        assert office.buses_used() == {"B": 250}
        assert gapless(office.lines())
        office.until(lambda: office.get("/status")["outbox"]["depth"] == 0, "the outbox is empty")


async def deliver(connections: list[str], parcels: list[Parcel]) -> None:
    """Send these as they are, to the statements, over each of these buses."""
    for connection in connections:
        bus = AzureBus("test", connection, connection)
        for parcel in parcels:
            await bus.send(QUEUE, [parcel])
        await bus.close()


def test_copies_from_both_buses_in_any_order_have_one_effect(cluster: Cluster, buses: Buses) -> None:
    """Twenty messages, three times each, from both buses, shuffled."""
    with open_office(cluster, buses) as office:
        parcels = [bundle(sequence, "alice") for sequence in range(1, 21)] * 3
        random.Random(4).shuffle(parcels)
        both = [office.a.connection(), office.b.connection()]
        asyncio.run(deliver(both, parcels))
        office.all_handled(20)
        office.until(lambda: received_again(office.get("/status")) == 100, "all copies were seen")
        assert office.lines() == {"alice": list(range(1, 21))}


def received_again(status: dict[str, dict[str, int]]) -> int:
    return status["counters"].get("messages received again", 0)


def test_poison_holds_up_nobody(cluster: Cluster, buses: Buses) -> None:
    """Unreadable: dead-lettered. Refused, unknown, of another history, too large to send: quarantined, and the line goes on."""
    with open_office(cluster, buses) as office:
        asyncio.run(deliver([office.a.connection()], [Parcel("bad", b"{not json")]))
        office.say(2, parties=1)
        office.say(1, parties=1, kind="refused")
        office.say(1, parties=1, kind="never-heard-of")
        office.say(1, parties=1)
        office.all_handled(5)
        stranger = bundle(2, "p0")
        asyncio.run(deliver([office.b.connection()], [stranger]))
        office.all_handled(6)
        reasons = [
            row[0] for row in office.sql("SELECT reason FROM statements.inbox WHERE reason IS NOT NULL ORDER BY 1")
        ]
        assert [reason.partition(":")[0] for reason in reasons] == ["cannot-be", "other-history", "unknown-kind"]
        assert office.lines() == {"p0": [1, 2, 5]}
        counters = office.get("/status")["counters"]
        assert counters["messages dead-lettered"] == 1


def test_workers_killed_at_any_moment_lose_nothing(cluster: Cluster, buses: Buses) -> None:
    """Two workers, kill -9 of one after the other while messages come: all have one effect, in order."""
    rng = random.Random(7)
    with open_office(cluster, buses) as office:
        office.employ()
        said = 0
        for _ in range(3):
            before = office.handled()
            office.say(150, parties=7)
            said += 150
            goal = before + rng.randrange(1, 100)
            office.until(lambda goal=goal: office.handled() >= goal, "some are handled")
            victim = office.workers.pop(0)
            victim.kill()
            victim.wait()
            office.ports.pop(0)
            office.employ()
        office.all_handled(said)
        lines = office.lines()
        assert gapless(lines)
        assert sum(map(len, lines.values())) == said


def test_a_worker_goes_when_it_is_asked_and_gives_its_leases_back(cluster: Cluster, buses: Buses) -> None:
    """SIGTERM: exit code 0 within its few seconds, nothing in hand is lost, and its leases are free at once."""
    with open_office(cluster, buses, GASBANK_LEASE="30s") as office:
        office.say(20)
        office.all_handled(20)
        office.workers[0].send_signal(signal.SIGTERM)
        assert office.workers[0].wait(30) == 0
        assert office.number("leader.leases WHERE until > clock_timestamp()") == 0
        assert gapless(office.lines())


@pytest.mark.parametrize(("mistake", "arrives"), [("", True), ("one-key", False)])
def test_receiving_needs_a_key_that_may_receive(cluster: Cluster, buses: Buses, mistake: str, arrives: bool) -> None:
    """BUS_A may send and BUS_A_LISTEN may receive; MISTAKE=one-key uses the first for both, and hears nothing."""
    with open_office(cluster, buses) as office:
        office.workers.pop().kill()
        office.ports.pop()
        keys = {
            "BUS_A": office.a.connection("send", "c2VuZC1vbmx5"),
            "BUS_A_LISTEN": office.a.connection("listen", "bGlzdGVuLW9ubHk="),
            "BUS_B": "",
        }
        office.employ(MISTAKE=mistake, **keys)
        office.say(3)
        office.until(lambda: office.buses_used() == {"A": 3}, "sent")
        if arrives:
            office.all_handled(3)
        else:
            failed = "receives that failed, bus A"
            office.until(lambda: office.get("/status")["counters"].get(failed, 0) >= 2, "refused by the bus")
            assert office.handled() == 0


def test_what_customers_get_is_one_message_each(cluster: Cluster, buses: Buses) -> None:
    """On the queue `confirmations`: message id, party and sequence can be read without opening it, and the body is the envelope."""
    with open_office(cluster, buses) as office:
        office.sql(
            "INSERT INTO ledger.outbox (id, kind, receiver, party, body) "
            "SELECT gen_random_uuid(), 'confirmation', 'outside', 'alice', '{\"kwh\": 5}' FROM generate_series(1, 3)"
        )
        office.until(lambda: office.buses_used() == {"A": 3}, "sent")
        got = asyncio.run(taken(office.a.connection()))
        said = [msgspec.json.decode(delivery.body) for delivery in got]
        assert [each["sequence"] for each in said] == [1, 2, 3]
        assert {each["party"] for each in said} == {"alice"}
        assert [each["id"] for each in said] == [delivery.id for delivery in got]
        properties = got[0].handle.application_properties
        assert (properties[b"party"], properties[b"sequence"]) == (b"alice", 1)


async def taken(connection: str) -> list[Delivery]:
    bus = AzureBus("test", connection, connection)
    receiver = bus.receiver("confirmations")
    got: list[Delivery] = []
    while len(got) < 3:
        got += await receiver.receive()
    await receiver.reset()
    await bus.close()
    return got


def test_an_absent_bus_says_so_in_our_words(cluster: Cluster, buses: Buses) -> None:
    """Errors of the SDK become codes: a queue that is not there, one that is disabled, a bus that is gone."""

    async def code(bus: AzureBus, queue: str) -> str:
        """A busy machine may need more than one try to be told."""
        while True:
            try:
                await bus.send(queue, [bundle(1)])
            except BusError as error:
                if error.code != "timeout":
                    return error.code

    async def codes(connection: str) -> list[str]:
        bus = AzureBus("A", connection, connection)
        found = [await code(bus, queue) for queue in ("nowhere", "off")]
        await bus.close()
        return found

    with open_office(cluster, buses) as office:
        office.a.queue("off", status="Disabled")
        assert asyncio.run(codes(office.a.connection())) == ["not-found", "entity-disabled"]
