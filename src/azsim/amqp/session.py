"""One session: windows, delivery ids and the links in it."""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from azsim.amqp.link import Delivery, Link, Receiving, Sending
from azsim.amqp.performatives import (
    Attach,
    Begin,
    Detach,
    Disposition,
    Flow,
    Source,
    Target,
    Transfer,
    terminus,
    uint,
    write,
)
from azsim.amqp.types import UInt

WINDOW = 0x7FFFFFFF  # we take whatever a sender has credit for


class Application(Protocol):
    """Whom a connection serves."""

    def attached(self, link: Link, said: Attach) -> None:
        """A peer asks for a link: accept or refuse it."""

    def received(self, link: Receiving, delivery: Delivery) -> None:
        """A whole message has arrived."""

    def credited(self, link: Sending) -> None:
        """The peer takes more messages, or wants the link drained: say `link.drained()` when it has what there is."""

    def disposed(self, link: Sending, delivery_id: int, state: Any, settled: bool) -> None:
        """The peer says what became of a delivery."""

    def detached(self, link: Link) -> None:
        """The link is gone: by the peer, or with its session or connection."""


class SessionError(Exception):
    """The peer broke the rules of a session: AMQP `condition` and a sentence."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(description)
        self.condition = condition


class Session:
    """`emit` takes bytes for the peer; `channel` is the same number in both directions."""

    def __init__(
        self, channel: int, said: Begin, frame_size: int, emit: Callable[[bytes], None], application: Application
    ) -> None:
        self.channel = channel
        self.links: dict[int, Link] = {}
        self._emit = emit
        self._application = application
        self._payload_room = frame_size - 512
        self._next_incoming = int(said.next_outgoing_id)
        self._next_outgoing = 1
        self._peer_window = int(said.incoming_window)
        self._waiting: deque[bytes] = deque()
        self._sent: dict[int, Sending] = {}  # whose delivery an id is
        self.send(Begin(channel, UInt(1), UInt(WINDOW), UInt(WINDOW), UInt(1023)))

    def send(self, performative: Any) -> None:
        self._emit(write(performative, self.channel))

    def send_flow(self, link: Link, *, delivery_count: int, credit: int, drain: bool | None = None) -> None:
        window = (UInt(self._next_incoming), UInt(WINDOW), UInt(self._next_outgoing), UInt(WINDOW))
        self.send(Flow(*window, UInt(link.handle), UInt(delivery_count), UInt(credit), None, drain))

    def transfer(self, link: Sending, tag: bytes, payload: bytes, *, settled: bool, message_format: int) -> int:
        """Cut a message into frames, held back while the peer's window is shut; its delivery id."""
        delivery_id = self._next_outgoing
        first = Transfer(UInt(link.handle), UInt(delivery_id), tag, UInt(message_format), settled)
        cuts = range(0, max(len(payload), 1), self._payload_room)
        for at in cuts:
            more = at + self._payload_room < len(payload)
            said = first if at == 0 else Transfer(UInt(link.handle))
            frame = write(said._replace(more=more), self.channel, payload[at : at + self._payload_room])
            self._next_outgoing = uint(self._next_outgoing + 1)
            self._push(frame)
        if not settled:
            self._sent[delivery_id] = link
        return delivery_id

    def _push(self, frame: bytes) -> None:
        if self._peer_window > 0 and not self._waiting:
            self._peer_window -= 1
            self._emit(frame)
        else:
            self._waiting.append(frame)

    # What the peer says

    def attach(self, said: Attach) -> None:
        if said.handle in self.links:
            raise SessionError("amqp:session:handle-in-use", f"handle {said.handle} is in use")
        kind = Sending if said.role else Receiving
        link = kind(self, said, terminus(Source, said.source), terminus(Target, said.target))
        self.links[said.handle] = link
        self._application.attached(link, said)

    def flow(self, said: Flow) -> None:
        sent = self._next_outgoing - len(self._waiting)
        self._peer_window = max(0, int(said.next_incoming_id or 0) + int(said.incoming_window) - sent)
        while self._waiting and self._peer_window > 0:
            self._peer_window -= 1
            self._emit(self._waiting.popleft())
        if said.handle is None:
            return
        link = self.links.get(said.handle)
        if isinstance(link, Sending) and link.attached:
            link.credited(said)
            self._application.credited(link)

    def take(self, said: Transfer, payload: bytes) -> None:
        self._next_incoming = uint(self._next_incoming + 1)
        link = self.links.get(said.handle)
        if not isinstance(link, Receiving):
            raise SessionError("amqp:session:unattached-handle", f"no link of yours has handle {said.handle}")
        delivery = link.take(said, payload) if link.attached else None
        if delivery is not None:
            self._application.received(link, delivery)

    def disposition(self, said: Disposition) -> None:
        """Only deliveries that we track: first and last are the peer's numbers."""
        if not said.role:
            return
        last = said.first if said.last is None else said.last
        concerned = (
            [said.first] if said.first == last else sorted(each for each in self._sent if said.first <= each <= last)
        )
        for delivery_id in concerned:
            link = self._sent.pop(delivery_id, None)
            if link is not None:
                self._application.disposed(link, delivery_id, said.state, bool(said.settled))

    def detach(self, said: Detach) -> None:
        link = self.links.pop(said.handle, None)
        if link is None:
            return
        link.detach()
        self._drop(link)

    def end(self) -> None:
        """The session is over, and its links with it."""
        for link in list(self.links.values()):
            link.attached = False
            self._drop(link)
        self.links.clear()

    def _drop(self, link: Link) -> None:
        if isinstance(link, Sending):
            for delivery_id in link.unsettled:
                self._sent.pop(delivery_id, None)
        self._application.detached(link)
