"""One link as the server sees it: who may send how much, what is on its way, what has been settled.

A link whose peer sends is a `Receiving` here; one whose peer receives is a `Sending`. Neither knows what a message is.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from azsim.amqp.performatives import Attach, Detach, Disposition, Flow, Source, Target, Transfer, error, uint
from azsim.amqp.types import UByte, UInt, ULong

if TYPE_CHECKING:
    from azsim.amqp.session import Session

CREDIT = 1000  # messages that a sender may have on their way to us


class Delivery(NamedTuple):
    """A whole message that arrived. `id` is None when it needs no answer."""

    id: int
    tag: bytes
    settled: bool
    format: int
    payload: bytes


class Link:
    """What both kinds have in common. `owner` is whatever the application hangs on it."""

    def __init__(self, session: "Session", said: Attach, source: Source, target: Target) -> None:
        self.session = session
        self.name = said.name
        self.handle = said.handle  # the same number in both directions
        self.source, self.target = source, target
        self.properties: dict[Any, Any] = said.properties or {}
        self.settle_mode = (said.snd_settle_mode, said.rcv_settle_mode)
        self.owner: Any = None
        self.attached = True

    @property
    def address(self) -> str:
        raise NotImplementedError

    def detach(self, condition: str = "", description: str = "") -> None:
        """Close the link from our side."""
        if self.attached:
            self.attached = False
            failure = error(condition, description) if condition else None
            self.session.send(Detach(UInt(self.handle), True, failure))

    def refuse(self, said: Attach, condition: str, description: str) -> None:
        """Answer an attach with "no": attach without terminus, then detach with the reason, as the standard wants it."""
        refused = Attach(said.name, UInt(self.handle), not said.role, source=None, target=None)
        if said.role:
            refused = refused._replace(initial_delivery_count=UInt(0))
        self.session.send(refused)
        self.detach(condition, description)


class Receiving(Link):
    """The peer sends, we receive."""

    def __init__(self, session: "Session", said: Attach, source: Source, target: Target) -> None:
        super().__init__(session, said, source, target)
        self.delivery_count = int(said.initial_delivery_count or 0)
        self.credit = 0
        self.max_message_size = 0
        self._parts: list[bytes] = []
        self._first: Transfer | None = None
        self._size = 0

    @property
    def address(self) -> str:
        return str(self.target.address or "")

    def accept(self, said: Attach, max_message_size: int, properties: dict[Any, Any] | None = None) -> None:
        self.max_message_size = max_message_size
        answer = Attach(
            said.name,
            UInt(self.handle),
            True,
            said.snd_settle_mode,
            UByte(0),
            said.source,
            said.target,
            max_message_size=ULong(max_message_size),
            properties=properties,
        )
        self.session.send(answer)
        self.grant()

    def grant(self) -> None:
        """Fill the credit up."""
        self.credit = CREDIT
        self.session.send_flow(self, delivery_count=self.delivery_count, credit=self.credit)

    def take(self, said: Transfer, payload: bytes) -> Delivery | None:
        """One transfer; the delivery when it is the last of its parts."""
        if said.aborted:
            self._forget()
            self._count()
            return None
        if self._first is None:
            self._first = said
        self._size += len(payload)
        if self.max_message_size and self._size > self.max_message_size:
            self._forget()
            self.detach("amqp:link:message-size-exceeded", f"a message may have {self.max_message_size} bytes at most")
            return None
        self._parts.append(payload)
        if said.more:
            return None
        first, whole = self._first, b"".join(self._parts)
        self._forget()
        self._count()
        tag = bytes(first.delivery_tag or b"")
        settled = bool(said.settled or first.settled)
        return Delivery(int(first.delivery_id or 0), tag, settled, int(first.message_format or 0), whole)

    def _forget(self) -> None:
        self._parts, self._first, self._size = [], None, 0

    def _count(self) -> None:
        self.delivery_count = uint(self.delivery_count + 1)
        self.credit -= 1
        if self.credit <= CREDIT // 2 and self.attached:
            self.grant()

    def settle(self, delivery_id: int, state: Any) -> None:
        """Say what became of a delivery."""
        self.session.send(Disposition(True, UInt(delivery_id), None, True, state))


class Sending(Link):
    """The peer receives, we send. `credit` is how many messages it still takes."""

    def __init__(self, session: "Session", said: Attach, source: Source, target: Target) -> None:
        super().__init__(session, said, source, target)
        self.delivery_count = 0
        self.credit = 0
        self.drain = False
        self.unsettled: dict[int, bytes] = {}  # delivery id -> tag

    @property
    def address(self) -> str:
        return str(self.source.address or "")

    def accept(self, said: Attach, properties: dict[Any, Any] | None = None, source: Any = None) -> None:
        answer = Attach(
            said.name,
            UInt(self.handle),
            False,
            said.snd_settle_mode,
            said.rcv_settle_mode,
            said.source if source is None else source,
            said.target,
            initial_delivery_count=UInt(0),
            properties=properties,
        )
        self.session.send(answer)

    def credited(self, said: Flow) -> None:
        """What the peer's flow allows from now on."""
        known = int(said.delivery_count or 0)
        self.credit = max(0, (known + int(said.link_credit or 0) - self.delivery_count) & 0xFFFFFFFF)
        if self.credit > 0x7FFFFFFF:  # it had not yet seen what is on its way
            self.credit = 0
        self.drain = bool(said.drain)

    def deliver(self, tag: bytes, payload: bytes, *, settled: bool = False, message_format: int = 0) -> int:
        """Send one message; its delivery id. The caller has seen to the credit."""
        self.credit -= 1
        self.delivery_count = uint(self.delivery_count + 1)
        delivery_id = self.session.transfer(self, tag, payload, settled=settled, message_format=message_format)
        if not settled:
            self.unsettled[delivery_id] = tag
        return delivery_id

    def drained(self) -> None:
        """Nothing more to send: use the credit up and say so."""
        if self.drain:
            self.delivery_count = uint(self.delivery_count + self.credit)
            self.credit, self.drain = 0, False
            self.session.send_flow(self, delivery_count=self.delivery_count, credit=0, drain=True)

    def settle(self, delivery_id: int, state: Any) -> None:
        """Confirm that a delivery is settled with `state`."""
        self.unsettled.pop(delivery_id, None)
        self.session.send(Disposition(False, UInt(delivery_id), None, True, state))
