"""The two buses as one way out: A by preference, B while A fails, and back to A when a probe came through.

The probe is a copy: while A is half-open one batch goes over B as before and over A as well, so nobody waits for a bus that
hangs, and the inbox makes one of two. B, when it was away, is tried in the same way, before it is needed; and it is never closed for
A's return: what is on its way there arrives.

One circuit breaker per bus and process. A bus that says it is busy is left alone for as long as it asked.
"""

import asyncio
import logging

from gasbank.bank import Bank
from gasbank.messaging.bus import Bus, BusError, Parcel, TooLargeError
from gasbank.resilience.breaker import Breaker, BreakerPolicy, Permit

POLICY = BreakerPolicy(failures=2, open_s=3.0)  # a send that hangs takes 2 s: the second one in a row must be the last
log = logging.getLogger("gasbank.buses")


class Way:
    """One bus with its breaker."""

    def __init__(self, bus: Bus, breaker: Breaker) -> None:
        self.bus, self.breaker = bus, breaker
        self.busy_until = 0.0

    def admits(self) -> bool:
        return self.breaker.clock() >= self.busy_until and self.breaker.admits()

    async def send(self, permit: Permit, queue: str, parcels: list[Parcel]) -> None:
        """By this way, and tell the breaker how it went."""
        try:
            await self.bus.send(queue, parcels)
        except TooLargeError:
            permit.succeeded()
            raise
        except BusError as error:
            permit.failed(error.code)
            self.busy_until = self.breaker.clock() + error.pause_s
            raise
        except BaseException:
            permit.released()
            raise
        permit.succeeded()


class Buses:
    """`in_use`: queue -> name of the bus that took the last batch."""

    def __init__(self, bank: Bank, buses: list[Bus]) -> None:
        self.bank = bank
        self.ways = [
            Way(bus, Breaker(f"bus {bus.name}", bank.clock, POLICY, told=bank.breaker_changed)) for bus in buses
        ]
        self.in_use: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, queue: str, parcels: list[Parcel]) -> str:
        """The name of the bus that took all of them; BusError when none did."""
        error = BusError("no-bus", "no bus takes anything now")
        ways = self._open_ways()
        unsure = [way for way in ways if way.breaker.state == "half-open" and self._other_than(way)]
        for way in unsure:
            self._probe(way, queue, parcels)
        for way in ways:
            if way in unsure:
                continue
            try:
                await way.send(way.breaker.admit(), queue, parcels)
            except TooLargeError:
                raise
            except BusError as failed:
                error = failed
            else:
                self._used(queue, way.bus.name, error.code)
                return way.bus.name
        self.bank.counters["sends that failed"] += 1
        self.bank.notices.note("no-bus", {"queue": queue, "error": error.code, "parcels": len(parcels)})
        raise error

    def blocked(self) -> bool:
        """Nothing would be taken now."""
        return not any(way.admits() for way in self.ways)

    def _open_ways(self) -> list[Way]:
        """In order of preference. The mistake `null-secondary` makes B only when A opens, and forgets it before A is back."""
        late = not self.bank.habits.second_bus and self.ways and self.ways[0].breaker.state != "open"
        return [way for way in (self.ways[:1] if late else self.ways) if way.admits()]

    def _other_than(self, way: Way) -> bool:
        return any(other is not way and other.breaker.state == "closed" for other in self._open_ways())

    def _probe(self, way: Way, queue: str, parcels: list[Parcel]) -> None:
        task = asyncio.create_task(self._quietly(way, way.breaker.admit(), queue, parcels))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, way: Way, permit: Permit, queue: str, parcels: list[Parcel]) -> None:
        """What goes wrong is the breaker's to know; the parcels went another way."""
        try:
            await way.send(permit, queue, parcels)
        except BusError as error:
            log.info("bus %s is not back yet: %s", way.bus.name, error.code)
            return
        if self.bank.habits.closes_in_flight:  # the mistake: the other bus is needed no more, is it?
            await self.ways[-1].bus.close_senders()

    def _used(self, queue: str, name: str, cause: str) -> None:
        before = self.in_use.get(queue, self.ways[0].bus.name)
        self.in_use[queue] = name
        if before == name:
            return
        if not self.bank.habits.silent_failover:
            self.bank.counters["bus changes"] += 1
            self.bank.notices.note("bus-changed", {"queue": queue, "from": before, "to": name, "error": cause})
            log.warning("%s goes over bus %s now, not %s", queue, name, before)

    async def close(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(way.bus.close() for way in self.ways))
