"""Bad moments for outbox, inbox and buses, to be played with and without a mistake; each says what came of it."""

import asyncio
from collections.abc import Callable

from unit.gasbank.stand import free_port
from unit.gasbank_messaging.mail import QUEUE, Mail, bundle

from gasbank.messaging.bus import BusError, Parcel


async def twice(mail: Mail) -> list[tuple[str, int]]:
    """The same message three times from both buses, before and after it was handled."""
    parcel = bundle(1)
    for bus in (mail.a, mail.b, mail.a):
        bus.keep(QUEUE, parcel)
        await mail.drain()
    return mail.effects()


async def reordered(mail: Mail) -> list[int]:
    for sequence in (2, 3, 1):
        mail.a.keep(QUEUE, bundle(sequence))
        await mail.receive()
        await mail.handle()
    await mail.drain()
    return [sequence for _, sequence in mail.effects()]


async def piled(mail: Mail) -> list[int]:
    for sequence in (1, 2, 3):
        mail.a.keep(QUEUE, bundle(sequence))
    await mail.receive()
    await mail.drain()
    return [sequence for _, sequence in mail.effects()]


async def together(mail: Mail) -> list[tuple[str, int]]:
    """Two workers look at the same line at the same moment: both are in their handlers before either commits."""
    for sequence in (1, 2):
        mail.a.keep(QUEUE, bundle(sequence))
    await mail.receive()
    inside, note = asyncio.Barrier(2), mail.handlers["note"]
    alone = asyncio.Event()

    async def meet(*said: object) -> None:
        await note(*said)  # type: ignore[arg-type]
        meeting = asyncio.create_task(inside.wait())
        away = asyncio.create_task(alone.wait())
        await asyncio.wait([meeting, away], return_when=asyncio.FIRST_COMPLETED)
        meeting.cancel()
        away.cancel()

    mail.handlers["note"] = meet  # type: ignore[assignment]

    async def work() -> None:
        await mail.handling.handle()
        alone.set()

    await asyncio.gather(work(), work())
    await mail.drain()
    return sorted(mail.effects())


async def poisoned(mail: Mail) -> tuple[int, int]:
    """Something unreadable, then two good ones, in one receive."""
    mail.a.keep(QUEUE, Parcel("bad", b"{not json"))
    for sequence in (1, 2):
        mail.a.keep(QUEUE, bundle(sequence))
    failures = 0
    try:
        await mail.receive()
    except BusError as error:
        failures += 1
        mail.receivings[0]._failed(error)  # noqa: SLF001 - as its loop does
    return failures, len(mail.a.queues[QUEUE])


async def no_database(mail: Mail) -> bool:
    """A message arrives that cannot be written down. Whether it is somebody else's again soon."""
    nowhere = f"postgresql://x:x@127.0.0.1:{free_port()}/none"
    mail.bank.writer._address = nowhere  # noqa: SLF001 - its pools connect when they are first used
    mail.a.keep(QUEUE, bundle(1))
    receiving = asyncio.create_task(mail.receive())
    done, _ = await asyncio.wait([receiving], timeout=4)
    receiving.cancel()
    [held] = mail.a.queues[QUEUE].values()
    return bool(done) and not held.locked


async def turns(until: Callable[[], bool]) -> None:
    """Turns of the loop: nothing here waits for anything outside."""
    for _ in range(1000):
        if until():
            return
        await asyncio.sleep(0)
    raise AssertionError("it does not happen")


async def half_open(mail: Mail) -> int:
    """A hangs, opens its breaker, and is half-open: ten sends at once."""
    mail.a.error = BusError("timeout", "no answer")
    for _ in range(2):
        await asyncio.gather(mail.buses.send("q", [bundle(1)]), return_exceptions=True)
    mail.now += 3.5
    mail.a.error, mail.a.gate = None, asyncio.Event()
    before = mail.bank.counters["sends that failed"]
    sends = [asyncio.create_task(mail.buses.send("q", [bundle(n)])) for n in range(10)]
    await turns(lambda: mail.a.sending > 0)
    probes = mail.a.sending
    mail.a.gate.set()
    await asyncio.gather(*sends, return_exceptions=True)
    assert probes == 1
    return mail.bank.counters["sends that failed"] - before


async def needed_again(mail: Mail) -> int:
    """Both buses were away and are back, and only A was used since; then A goes, while two send at once. How many sends fail."""
    mail.a.error = mail.b.error = BusError("entity-disabled", "disabled")
    for _ in range(2):
        await asyncio.gather(mail.buses.send("q", [bundle(1)]), return_exceptions=True)
    mail.now += 3.5
    mail.a.error = mail.b.error = None
    for _ in range(2):
        await mail.buses.send("q", [bundle(1)])
    await asyncio.sleep(0)
    mail.a.error, mail.b.gate = BusError("entity-disabled", "disabled"), asyncio.Event()
    sends = [asyncio.create_task(mail.buses.send("q", [bundle(n)])) for n in range(2)]
    await turns(lambda: mail.b.sending > 0)
    mail.b.gate.set()
    answers = await asyncio.gather(*sends, return_exceptions=True)
    return sum(isinstance(answer, BusError) for answer in answers)


async def returning(mail: Mail) -> int:
    """A is back while sends over B are on their way."""
    mail.a.error = BusError("entity-disabled", "disabled")
    for _ in range(2):
        await mail.buses.send("q", [bundle(1)])
    mail.b.gate = asyncio.Event()
    slow = [asyncio.create_task(mail.buses.send("q", [bundle(n)])) for n in range(3)]
    await turns(lambda: mail.b.sending == 3)
    mail.now += 3.5
    mail.a.error = None
    probe = asyncio.create_task(mail.buses.send("q", [bundle(5)]))
    await turns(lambda: mail.buses.ways[0].breaker.state == "closed")
    await mail.buses.send("q", [bundle(6)])
    await asyncio.sleep(0)
    mail.b.gate.set()
    answers = await asyncio.gather(*slow, probe, return_exceptions=True)
    return sum(isinstance(answer, BusError) for answer in answers)


CHANGES = "SELECT data ->> 'to' FROM audit.events WHERE event = 'bus-changed' ORDER BY occurred_at"


async def changing(mail: Mail) -> list[str]:
    before = len(mail.sql(CHANGES))
    mail.a.error = BusError("entity-disabled", "disabled")
    await mail.say("alice")
    await mail.drain()
    await mail.bank.notices.close()
    return [row[0] for row in mail.sql(CHANGES)[before:]]


async def unstorable(mail: Mail) -> int:
    """A message that no database can write down. How many are left on the bus. A mistaken receiver holds it for what seems 20 s."""
    mail.receivings[0].held_s = 0.05
    began = asyncio.get_running_loop().time()
    mail.bank.clock = lambda: 400 * (asyncio.get_running_loop().time() - began)
    mail.a.keep(QUEUE, bundle(1, body={"note": "\0"}))
    await mail.receive()
    return len(mail.a.queues[QUEUE])
