"""Links as Hypothesis drives them: any order of credit, settling, detaching, lost connections, time and `kill -9`.

Whatever happens: no message is lost, none is in two receivers' hands at a time, deliveries are counted right, and a
link gets no more than it has given credit for.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from unit.azsim_bus.bare_client import RULE, BareClient, Delivered
from unit.azsim_bus.bus_stand import QUEUE, Receiver, Stand

from azsim.amqp.performatives import ACCEPTED, MODIFIED, REJECTED, RELEASED
from azsim.amqp.types import Described
from azsim.identity.offline import Verifier
from azsim.servicebus.access import Access

LOCK_S, MOST_ATTEMPTS = 30.0, 3
CLIENTS, HANDLES = st.sampled_from([0, 1]), st.sampled_from([2, 3])
OUTCOMES = {
    "accepted": Described(ACCEPTED, []),
    "abandoned": Described(MODIFIED, [True, False]),
    "deferred": Described(MODIFIED, [True, True]),
    "released": Described(RELEASED, []),
    "rejected": Described(REJECTED, []),
}


@dataclass
class Held:
    """A delivery that was not settled yet."""

    client: BareClient
    link: int  # by the order of the attaches
    id: int
    body: str
    until: float


@dataclass
class Way:
    """A receiving link that is there: its serial number and the credit that is left."""

    serial: int
    credit: int = 0


@dataclass
class Model:
    """What ought to be. A message is in exactly one of ready, held, gone, deferred, dead."""

    attempts: dict[str, int] = field(default_factory=dict)
    ready: set[str] = field(default_factory=set)
    held: list[Held] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    deferred: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)

    def failed(self, body: str) -> None:
        """One more attempt that came to nothing."""
        self.attempts[body] += 1
        (self.dead if self.attempts[body] >= MOST_ATTEMPTS else self.ready).add(body)

    def settle(self, delivery: Held, outcome: str) -> None:
        self.held.remove(delivery)
        if outcome == "abandoned":
            self.failed(delivery.body)
        else:
            places = {"accepted": self.gone, "deferred": self.deferred, "released": self.ready, "rejected": self.dead}
            places[outcome].add(delivery.body)


class Links(RuleBasedStateMachine):
    """Two clients with two receiving links each, on one queue."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.broken: list[Any] = []
        self.loop.set_exception_handler(lambda _loop, context: self.broken.append(context))
        self.stand = Stand(self.folder)
        self.model = Model()
        self.sent = self.attached = 0
        self.run(self.stand.queue(lock_s=LOCK_S, max_delivery=MOST_ATTEMPTS))
        self.connect()

    def connect(self) -> None:
        """Two new clients, after the start of a namespace."""
        self.links: dict[tuple[int, int], Way] = {}  # (client, handle)
        self.late: list[Held] = []  # whose lock has ended
        self.clients = [self.run(self.client()) for _ in range(2)]

    async def client(self) -> BareClient:
        access = Access([RULE], Verifier(self.folder / "none"), lambda: self.stand.now)
        made = BareClient(self.stand.namespace, access, QUEUE)
        await self.stand.settled()
        return made

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def step(self, action: Any, *arguments: Any, **named: Any) -> None:
        """Do it inside the loop, let the disk follow, and check what came of it."""

        async def act() -> None:
            action(*arguments, **named)
            await self.stand.settled()

        self.run(act())
        self.look()

    def look(self) -> None:
        """Every delivery since the last look must have been due, and nothing broke where nobody looks."""
        assert self.broken == []
        for number, client in enumerate(self.clients):
            for each in client.delivered:
                self.delivered(number, each)
            client.delivered.clear()

    def delivered(self, number: int, each: Delivered) -> None:
        assert (number, each.handle) in self.links, f"{each.body} came to a link that is not there"
        assert each.body in self.model.ready, f"{each.body} was delivered while it was not to be had"
        assert each.count == self.model.attempts[each.body]
        way = self.links[number, each.handle]
        way.credit -= 1
        assert way.credit >= 0, "more than there was credit for"
        self.model.ready.remove(each.body)
        if each.settled:
            self.model.gone.add(each.body)
        else:
            until = self.stand.now + LOCK_S
            self.model.held.append(Held(self.clients[number], way.serial, each.id, each.body, until))

    @rule(number=CLIENTS, count=st.integers(1, 3))
    def send(self, number: int, count: int) -> None:
        """Each is acknowledged."""
        client, said = self.clients[number], []
        for _ in range(count):
            self.sent += 1
            self.model.ready.add(f"m{self.sent}")
            self.model.attempts[f"m{self.sent}"] = 0
            said.append(f"m{self.sent}")
        before = len(client.answers)
        self.step(lambda: [client.send(each) for each in said])
        answers = [state for of_ours, _, state in client.answers[before:] if of_ours]
        assert [state.descriptor for state in answers] == [ACCEPTED] * count

    @rule(number=CLIENTS, handle=HANDLES, deletes=st.integers(0, 3), credit=st.integers(0, 4), drain=st.booleans())
    def receive(self, number: int, handle: int, deletes: int, credit: int, drain: bool) -> None:
        """Over a link that is there or a new one (every fourth or so takes without locking): credit replaces what was left."""
        client = self.clients[number]
        if (number, handle) not in self.links:
            self.attached += 1
            self.links[number, handle] = Way(self.attached)
            self.step(client.receive, handle, settled=deletes == 0)
        self.links[number, handle].credit = credit
        self.step(client.credit, handle, credit, drain=drain)
        if drain:
            self.links[number, handle].credit = 0
            assert handle in client.drained

    def settled(self, delivery: Held, outcome: str) -> list[Any]:
        """What the server answers to a settlement."""
        before = len(delivery.client.answers)
        self.step(delivery.client.settle, delivery.id, delivery.id, OUTCOMES[outcome])
        return [state.descriptor for of_ours, _, state in delivery.client.answers[before:] if not of_ours]

    def there(self, deliveries: list[Held]) -> list[Held]:
        """Those that came over links which are still there."""
        serials = {way.serial for way in self.links.values()}
        return [each for each in deliveries if each.link in serials]

    @precondition(lambda self: self.there(self.model.held))
    @rule(data=st.data(), outcome=st.sampled_from(sorted(OUTCOMES)))
    def settle(self, data: st.DataObject, outcome: str) -> None:
        """Done, and confirmed with the same outcome."""
        delivery = data.draw(st.sampled_from(self.there(self.model.held)))
        self.model.settle(delivery, outcome)
        assert self.settled(delivery, outcome) == [OUTCOMES[outcome].descriptor]

    @precondition(lambda self: self.there(self.late))
    @rule(data=st.data(), outcome=st.sampled_from(sorted(OUTCOMES)))
    def settle_late(self, data: st.DataObject, outcome: str) -> None:
        """Refused, and nothing changes for whoever has the message now."""
        delivery = data.draw(st.sampled_from(self.there(self.late)))
        self.late.remove(delivery)
        assert self.settled(delivery, outcome) == [REJECTED]

    @precondition(lambda self: self.links)
    @rule(data=st.data(), outcome=st.sampled_from(sorted(OUTCOMES)))
    def detach(self, data: st.DataObject, outcome: str) -> None:
        """What the link held stays locked until its time, and cannot be settled over the connection any more."""
        number, handle = data.draw(st.sampled_from(sorted(self.links)))
        way = self.links.pop((number, handle))
        self.step(self.clients[number].detach, handle)
        for delivery in [each for each in self.model.held if each.link == way.serial]:
            assert self.settled(delivery, outcome) == []

    @rule(seconds=st.sampled_from([1.0, 10.0, LOCK_S]))
    def wait(self, seconds: float) -> None:
        """Locks end; each that does is a failed attempt."""
        self.stand.now += seconds
        for delivery in [each for each in self.model.held if each.until <= self.stand.now]:
            self.model.held.remove(delivery)
            self.model.failed(delivery.body)
            self.late.append(delivery)
        self.step(self.stand.namespace.timers.tick, self.stand.now)

    @rule(what=st.sampled_from(["lose 0", "lose 1", "kill"]))
    def trouble(self, what: str) -> None:
        """A connection is cut and made anew; or the namespace is, which forgets locks and nothing else."""
        if what == "kill":
            self.model.ready |= {each.body for each in self.model.held}
            self.model.held.clear()
            self.stand.restart()
            self.connect()
            return
        number = int(what[-1])
        self.links = {key: way for key, way in self.links.items() if key[0] != number}
        self.step(self.clients[number].drop)
        self.clients[number] = self.run(self.client())

    @invariant()
    def nothing_is_lost(self) -> None:
        model = self.model
        inside = model.ready | {each.body for each in model.held} | model.deferred
        assert sorted(self.stand.inside()) == sorted(inside)
        assert sorted(self.stand.dead()) == sorted(model.dead)

    def teardown(self) -> None:
        if not hasattr(self, "stand"):
            return
        self.run(self.all_that_is_ready_comes())
        self.stand.namespace.close()
        self.loop.close()
        shutil.rmtree(self.folder)

    async def all_that_is_ready_comes(self) -> None:
        """In the end a new receiver gets each message once, and nothing else."""
        self.stand.restart()
        found = Receiver(self.stand, credit=1000)
        assert sorted(found.got) == sorted(self.model.ready | {each.body for each in self.model.held})


TestLinks = Links.TestCase
TestLinks.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
