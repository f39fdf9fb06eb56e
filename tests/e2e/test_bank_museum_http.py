"""The museum seen from outside: what each mistake does is said by a probe of the project, over HTTP, and the healthy bank says nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from e2e.museum import Museum, Probe, open_museum
from unit.gasbank.stand import Cluster
from unit.gasbank_messaging import bad_moments as moments
from unit.gasbank_messaging.mail import Mail, emptied

from gasbank.errors import StaleTokenError
from gasbank.leader.store import check, keep, prepare
from gasbank.ledger.commands import Deposit, OpenAccount, Reserve
from gasbank.ledger.posting import post
from gasbank.ledger.projector import project_once
from gasbank.mistakes import habits
from gasbank.plant.carrying import carry_out_some
from probes.gasbank import audit, conserved, plant

pytestmark = pytest.mark.e2e
HOUR = "2026-11-23T06:00:00Z"


@pytest.fixture(scope="module")
def museum(cluster: Cluster) -> Iterator[Museum]:
    with open_museum(cluster) as museum:
        yield museum


MAIL: list[tuple[str, Probe, Callable[[Mail], Awaitable[Any]], str]] = [
    ("no-inbox", audit.one_effect, moments.twice, "handled twice: 1 parties at statements"),
    ("forget-inbox", audit.one_effect, moments.twice, "handled twice: 1 parties at statements"),
    ("lost-update", audit.one_effect, moments.together, "handled twice: 1 parties at statements"),
    ("no-order", audit.in_order, moments.reordered, "out of order: 1 parties at statements"),
    ("newest-first", audit.in_order, moments.piled, "out of order: 1 parties at statements"),
    ("complete-dead-letter", audit.let_in, moments.poisoned, "receiving failed: settled-twice at to-statements"),
    ("hold-the-lock", audit.given_back, moments.unstorable, "messages were kept locked for "),
    ("null-secondary", audit.some_bus, moments.half_open, "11 sends were taken by no bus (no-bus, timeout)"),
    ("close-in-flight", audit.some_bus, moments.returning, "4 sends were taken by no bus (connection)"),
]


@pytest.mark.parametrize(("mistake", "probe", "moment", "said"), MAIL, ids=[each[0] for each in MAIL])
def test_what_a_mistake_does_to_messages_is_seen(
    museum: Museum, mistake: str, probe: Probe, moment: Callable[[Mail], Awaitable[Any]], said: str
) -> None:
    """The same moment with and without the mistake, asked about over HTTP."""
    for made, expected in (("", ""), (mistake, said)):
        emptied(museum.cluster, museum.database)
        found = museum.look(probe, museum.mail(made, moment))
        assert found.startswith(expected)
        assert bool(found) == bool(expected), found


@pytest.mark.parametrize(("mistake", "said"), [("", ""), ("silent-failover", "1 messages went over bus B")])
def test_a_change_of_bus_that_nobody_wrote_down_is_seen(museum: Museum, mistake: str, said: str) -> None:
    """A message that B carried, some time ago, with and without a record of it."""
    emptied(museum.cluster, museum.database)

    async def during() -> None:
        await museum.mail(mistake, moments.changing)()
        audit.STARTS.update({run: start._replace(since="2026-01-01T00:00:00Z") for run, start in audit.STARTS.items()})
        museum.sql("UPDATE ledger.outbox SET sent_at = sent_at - interval '30 s'")

    found = museum.look(audit.on_record, during)
    assert found.startswith(said)
    assert bool(found) == bool(said)


@pytest.mark.parametrize(("mistake", "said"), [("", ""), ("no-reservation", "1 flows were accepted without their gas")])
def test_gas_that_is_not_set_aside_is_seen(museum: Museum, mistake: str, said: str) -> None:
    """An injection with and without its reservation."""
    account, reserves = f"eve-{mistake}", habits(mistake).reserves

    async def during() -> None:
        for key, command in (("open", OpenAccount(account, "Eve")), ("fill", Deposit(account, 1000))):
            await museum.transact("ledger", lambda c, key=key, command=command: post(c, f"{account}-{key}", command))
        reserve = Reserve(account, 600, HOUR, "inject")
        await museum.transact("ledger", lambda c: post(c, f"{account}-in", reserve, reserves=reserves))

    assert museum.look(audit.set_aside, during) == said


def instructions(museum: Museum, mistake: str, *asked: tuple[str, int]) -> Callable[[], Awaitable[None]]:
    """Arrived at the plant, in this order, and carried out."""

    async def during() -> None:
        for key, kwh in asked:
            museum.sql(
                f"""INSERT INTO plant.instructions (business_key, account, direction, kwh, hour_utc)
                VALUES ('{key}', 'alice', 'inject', {kwh}, '{HOUR}')"""  # noqa: S608 - ours
            )
        await museum.transact("plant", lambda c: carry_out_some(c, 100, habits(mistake)))

    return during


@pytest.mark.parametrize(("mistake", "said"), [("", ""), ("plant-twice", "the plant's meter is 600 kWh away from the")])
def test_a_plant_that_acts_twice_is_seen(museum: Museum, mistake: str, said: str) -> None:
    """Two instructions under one key: what the meter shows beyond what the books will hear of."""
    key = f"twice-{mistake}"
    found = museum.look(audit.plant_agrees, instructions(museum, mistake, (key, 600), (key, 600)), before=audit.prepare)
    assert found.startswith(said)
    assert bool(found) == bool(said)


@pytest.mark.parametrize(("mistake", "said"), [("", ""), ("wrong-limit", "the plant holds ")])
def test_a_plant_that_is_too_full_is_seen(museum: Museum, mistake: str, said: str) -> None:
    """It is asked to hold 1,000,000,000 kWh, and already has some."""
    asked = instructions(museum, mistake, (f"first-{mistake}", 10), (f"full-{mistake}", 1_000_000_000))
    found = museum.look(plant.within_capacity, asked)
    assert found.startswith(said)
    assert bool(found) == bool(said)


@pytest.mark.parametrize(("mistake", "said"), [("", ""), ("no-fencing", "done by a leader that had been replaced")])
def test_a_leader_that_acts_too_late_is_seen(museum: Museum, mistake: str, said: str) -> None:
    """The old one acts after the new one has; with the mistake nobody stops it."""
    name, fenced = f"plant/{mistake}", habits(mistake).fences

    async def during() -> None:
        async def lead() -> int:
            await museum.transact("leader", lambda c: prepare(c, [name]))
            return (await museum.transact("leader", lambda c: keep(c, "a", {}, [name], -1.0)))[name]

        old, new = await lead(), await lead()
        await museum.transact("plant", lambda c: check(c, name, new, fenced=fenced))
        with suppress(StaleTokenError) if fenced else nullcontext():
            await museum.transact("plant", lambda c: check(c, name, old, fenced=fenced))

    found = museum.look(audit.one_leader, during)
    assert found.startswith(said)
    assert bool(found) == bool(said)


@pytest.mark.parametrize(("mistake", "said"), [("", ""), ("skip-gaps", "not conserved: {'drifted': ")])
def test_a_reader_that_skips_is_seen(museum: Museum, mistake: str, said: str) -> None:
    """A movement that was numbered early commits late, between two folds."""
    found = museum.look(conserved, lambda: late_commit(museum, mistake))
    assert found.startswith(said)
    assert bool(found) == bool(said)


async def late_commit(museum: Museum, mistake: str) -> None:
    skips, keyed = habits(mistake).skips_gaps, f"late-{mistake}"
    fold = lambda c: project_once(c, 1000, skips_gaps=skips)  # noqa: E731
    for account in ("slow", "fast"):
        await museum.transact("ledger", lambda c, a=account: post(c, f"{keyed}-{a}", OpenAccount(f"{keyed}-{a}", a)))
    numbered, committing = asyncio.Event(), asyncio.Event()

    async def slow(connection: Any) -> None:
        await post(connection, f"{keyed}-1", Deposit(f"{keyed}-slow", 5))
        numbered.set()
        await committing.wait()

    late = asyncio.create_task(museum.transact("ledger", slow))
    await numbered.wait()
    other = OpenAccount(f"{keyed}-other", "other")
    await museum.transact("ledger", lambda c: post(c, f"{keyed}-2", other))
    await museum.transact("ledger", fold)
    committing.set()
    await late
    last = OpenAccount(f"{keyed}-last", "last")
    await museum.transact("ledger", lambda c: post(c, f"{keyed}-3", last))
    await museum.transact("ledger", fold)
