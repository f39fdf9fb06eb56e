"""The journal: what was promised is there after any end of the process, what was torn is not taken for a record."""

import asyncio
from pathlib import Path

import pytest
from unit.azsim_bus.bus_stand import QUEUE, Receiver, Stand, run

from azsim.servicebus.broker.copy import Copy
from azsim.servicebus.broker.journal import Journal, framed, records
from azsim.servicebus.broker.options import Options
from azsim.servicebus.broker.rules import Rule


async def lived_in(stand: Stand) -> None:
    """A namespace with something of everything."""
    namespace = stand.namespace
    await stand.queue(max_delivery=3, duplicates_s=600.0)
    await stand.queue("sessions", sessions=True)
    await namespace.put_topic("t", Options())
    await stand.queue("t/Subscriptions/one")
    await namespace.put_rule("t", "one", Rule("large", "kwh > 10"))
    await namespace.remove_rule("t", "one", "$Default")
    await stand.send("small", to="t", application={"kwh": 1})
    await stand.send("large", to="t", application={"kwh": 11})
    await stand.send("a", "b", "c", "d", message_id="")
    await stand.send("e", message_id="once")
    receiver = Receiver(stand, credit=5)
    queue = namespace.queue(QUEUE)
    receiver.leave()
    await queue.complete(receiver.locks[0].token)
    await queue.abandon(receiver.locks[1].token)
    await queue.defer(receiver.locks[2].token)
    await queue.dead_letter(receiver.locks[3].token, "bad", "no party")
    await stand.send("s", to="sessions", group_id="one")
    await namespace.queue("sessions").set_session_state("one", b"half way")  # type: ignore[attr-defined]
    await stand.queue("short-lived")
    await stand.send("x", to="short-lived")
    await namespace.delete("short-lived")


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    """Options, rules, messages, numbers, counts, deferred, dead, sessions, ids: all as they were."""

    async def scenario(stand: Stand) -> None:
        await lived_in(stand)
        before = stand.namespace.snapshot()
        assert stand.restart().snapshot() == before
        assert (stand.inside(), stand.dead()) == (["b", "c", "e"], ["d"])
        assert stand.inside("t/Subscriptions/one") == ["large"]
        await stand.send("again", message_id="once")
        assert "again" not in stand.inside()

    run(scenario(Stand(tmp_path)))


def test_the_records_of_the_present_lead_to_the_present(tmp_path: Path) -> None:
    """What a long journal is replaced by says the same as the journal."""

    async def scenario(stand: Stand) -> None:
        await lived_in(stand)
        said = stand.namespace.snapshot()
        other = Stand(tmp_path / "other")
        other.file.write_bytes(b"".join(framed(record) for record in said))
        assert other.restart().snapshot() == said
        await other.send("next")
        assert other.namespace.queue(QUEUE).last_number == stand.namespace.queue(QUEUE).last_number + 1

    run(scenario(Stand(tmp_path)))


def test_a_torn_tail_is_cut_off_wherever_it_was_torn(tmp_path: Path) -> None:
    """At every byte of the last record: the others are there, the namespace starts, and what is sent next stays."""

    async def scenario(stand: Stand) -> None:
        await stand.queue()
        await stand.send("kept")
        whole = [end for _, end in records(stand.file)][-1]
        await stand.send("torn")
        raw = stand.file.read_bytes()[: [end for _, end in records(stand.file)][-1]]
        for end in range(whole, len(raw)):
            stand.file.write_bytes(raw[:end])
            stand.restart()
            assert stand.inside() == ["kept"]
        await stand.send("next")
        stand.restart()
        assert stand.inside() == ["kept", "next"]

    run(scenario(Stand(tmp_path)))


@pytest.mark.parametrize("at", [0, 5, 9, -1])
def test_a_record_whose_bytes_have_changed_is_not_believed(tmp_path: Path, at: int) -> None:
    """In its length, its sum or its body."""
    file = tmp_path / "journal"
    good, bad = framed(["good"]), bytearray(framed(["bad"]))
    bad[at] ^= 0x10
    file.write_bytes(good + bytes(bad))
    assert [record for record, _ in records(file)] == [["good"]]


def test_one_commit_serves_everybody_who_waits(tmp_path: Path) -> None:
    """What comes while the disk is busy goes there together; `then` runs in order, before the future resolves."""

    async def scenario() -> None:
        journal = Journal(tmp_path / "journal", list, Copy(lambda: 0.0))
        journal.open(print)
        order: list[int] = []
        futures = [journal.append([number], lambda number=number: order.append(number)) for number in range(50)]
        await asyncio.gather(*futures)
        assert (order, journal.commits) == (list(range(50)), 1)
        journal.close()

    run(scenario())
    assert [record for record, _ in records(tmp_path / "journal")] == [[number] for number in range(50)]


def test_a_journal_that_has_grown_too_long_is_replaced_by_the_present(tmp_path: Path) -> None:
    """Whatever was appended before and after is in it, in order, and the file is short."""

    async def scenario() -> None:
        kept: list[int] = []
        file = tmp_path / "journal"
        journal = Journal(file, lambda: [["present", list(kept)]], Copy(lambda: 0.0), compact_bytes=1000)
        journal.open(print)
        for number in range(300):
            await journal.append(["number", number], lambda number=number: kept.append(number))
        journal.close()
        found = [record for record, _ in records(file)]
        past = [number for kind, said in found if kind == "present" for number in said]
        assert past + [said for kind, said in found if kind == "number"] == list(range(300))
        assert found[0][0] == "present"
        assert not file.with_suffix(".new").exists()

    run(scenario())
