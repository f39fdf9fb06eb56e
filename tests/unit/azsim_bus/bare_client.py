"""A client of the namespace that speaks frames and nothing else: it does what a test says, however odd, and keeps what it hears."""

import uuid
from typing import Any, NamedTuple

from azsim.amqp.connection import Connection
from azsim.amqp.encode import encode
from azsim.amqp.frames import AMQP_HEADER, FrameReader
from azsim.amqp.performatives import (
    Attach,
    Begin,
    Detach,
    Disposition,
    Flow,
    Open,
    Source,
    Target,
    Transfer,
    read,
    write,
)
from azsim.amqp.types import Described, Symbol, UByte, UInt, ULong
from azsim.servicebus.access import SAS, Access, KeyRule, signed
from azsim.servicebus.broker.message import APPLICATION, DATA, HEADER, PROPERTIES, sections
from azsim.servicebus.broker.namespace import Namespace
from azsim.servicebus.faults import Faults
from azsim.servicebus.peer import Peer

RULE = KeyRule("root", "a2V5", ("Manage", "Send", "Listen"))
CBS, SENDER = 0, 1  # handles; receivers choose theirs from 2 on
FOR_EVER = "9999999999"


class Delivered(NamedTuple):
    """One message that came: `body`, how often it had failed, on which link and as which delivery."""

    handle: int
    id: int
    body: str
    count: int
    settled: bool


class BareClient:
    """`delivered`, `answers` (delivery id -> state of our dispositions and sends) and `detached` grow as the server speaks."""

    def __init__(self, namespace: Namespace, access: Access, queue: str) -> None:
        self.delivered: list[Delivered] = []
        self.answers: list[tuple[bool, int, Any]] = []  # (said of what we sent, delivery id, state)
        self.detached: dict[int, Any] = {}
        self.counts: dict[int, int] = {}  # deliveries on a link, as its flow must say
        self.drained: set[int] = set()
        self._queue = queue
        self._names = 0
        self._sent = 0
        self._reader = FrameReader(65_536)
        peer = Peer(namespace, access, Faults(), lambda *_, **__: None)
        self._connection = Connection("test", peer, self._hear, lambda: None)
        self._connection.receive(AMQP_HEADER)
        self._say(Open("client"))
        self._say(Begin(None, UInt(0), UInt(10_000), UInt(10_000)))
        self._authorise()
        self._attach(SENDER, receives=False, address=queue)

    def _say(self, performative: Any, payload: bytes = b"") -> None:
        self._connection.receive(write(performative, 0, payload))

    def _attach(self, handle: int, *, receives: bool, address: str, settled: bool = False) -> None:
        self._names += 1
        mode = UByte(1 if settled else 0)
        ends = Described(ULong(0x28), list(Source(address))), Described(ULong(0x29), list(Target(address)))
        first = None if receives else UInt(0)
        said = Attach(
            f"link-{self._names}", UInt(handle), receives, mode, UByte(0), *ends, initial_delivery_count=first
        )
        self.detached.pop(handle, None)
        self.drained.discard(handle)
        self.counts[handle] = 0
        self._say(said)

    def _authorise(self) -> None:
        """A signature to `$cbs`, as the SDKs put it."""
        self._attach(CBS, receives=False, address="$cbs")
        sign = signed(RULE.key, "sb://x/", FOR_EVER)
        token = f"SharedAccessSignature sr=sb://x/&sig={sign}&se={FOR_EVER}&skn={RULE.name}"
        said = {"operation": "put-token", "type": SAS, "name": "sb://x/"}
        parts = ((PROPERTIES, [Symbol("1")]), (APPLICATION, said), (0x77, token))
        self._transfer(CBS, b"".join(encode(Described(ULong(code), value)) for code, value in parts))

    def _transfer(self, handle: int, payload: bytes) -> int:
        self._sent += 1
        tag = uuid.uuid4().bytes
        self._say(Transfer(UInt(handle), UInt(self._sent), tag, UInt(0), settled=False), payload)
        return self._sent

    # What a test does

    def send(self, body: str) -> int:
        """The delivery id by which the answer will name it."""
        return self._transfer(SENDER, encode(Described(ULong(DATA), body.encode())))

    def receive(self, handle: int, *, settled: bool = False) -> None:
        """A receiving link; `settled` is receive-and-delete."""
        self._attach(handle, receives=True, address=self._queue, settled=settled)

    def credit(self, handle: int, credit: int, *, drain: bool = False) -> None:
        self.drained.discard(handle)
        known = UInt(self.counts[handle])
        said = Flow(UInt(0), UInt(10_000), UInt(0), UInt(10_000), UInt(handle), known, UInt(credit))
        self._say(said._replace(drain=drain))

    def settle(self, first: int, last: int, state: Any) -> None:
        self._say(Disposition(True, UInt(first), UInt(last), False, state))

    def detach(self, handle: int) -> None:
        self._say(Detach(UInt(handle), True))

    def drop(self) -> None:
        """The network is gone, without a word."""
        self._connection.lost()

    # What the server says

    def _hear(self, data: bytes) -> None:
        self._reader.feed(data)
        if self._reader.expects_header and self._reader.header() is None:
            return
        while frame := self._reader.frame():
            if frame.body:
                said, payload = read(frame.body)
                self._understand(said, payload)

    def _understand(self, said: Any, payload: bytes) -> None:
        match said:
            case Transfer():
                self._transferred(said, payload)
            case Disposition():
                last = said.first if said.last is None else said.last
                self.answers += [(bool(said.role), number, said.state) for number in range(said.first, last + 1)]
            case Detach():
                self.detached[int(said.handle)] = said.error
            case Flow() if said.drain and said.handle is not None:
                self.drained.add(int(said.handle))
                self.counts[int(said.handle)] = int(said.delivery_count)

    def _transferred(self, said: Transfer, payload: bytes) -> None:
        parts = {part.code: part.value for part in sections(payload)}
        count = int((parts[HEADER] + [0] * 5)[4] or 0)
        assert int(said.handle) not in self.drained, "a message came on a link that was drained"
        self.counts[int(said.handle)] += 1
        found = Delivered(int(said.handle), int(said.delivery_id), parts[DATA].decode(), count, bool(said.settled))
        self.delivered.append(found)
