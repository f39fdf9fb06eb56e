"""The actions and probes for Service Bus, as Chaos Toolkit calls them, on the stage's own namespaces over sockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import MessagingEntityDisabledError, ServiceBusError
from chaoslib.exceptions import ActivityFailed
from contract.arm_stand import ArmStand, arm_stand
from contract.bus_arm import ALIAS, NEU, WEU, connection
from contract.bus_clients import client_of, drain, send
from contract.drilled import GROUP, environment_of, noting, refusal
from contract.running_stage import until

from azsim.servicebus.service import ServiceBus
from azsim.servicebus.timings import Timings
from firedrill.actions import messages, servicebus_failover, steps
from firedrill.actions import servicebus as actions
from firedrill.azure import messages as looking
from firedrill.azure.clients import servicebus_client
from firedrill.model.target import AzureSpec, BusSpec, Target
from firedrill.probes import servicebus as probes

QUICK = Timings(lock_s=30.0, lag_s=0.2, promotion_s=(0.3, 0.3), alias_s=(0.3, 0.3), entity_s=0.01)
QUEUES = ["confirmations", "to-ledger"]
TARGET = Target("here", servicebus=BusSpec(WEU, NEU, ALIAS), azure=AzureSpec(resource_group=GROUP))
HERE, PAIR = (GROUP, WEU), (GROUP, ALIAS, WEU, NEU)
DONE = ["command", "accepted", "done"]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmStand]:
    factory = partial(ServiceBus, queues=QUEUES, profiles={"brisk": QUICK})
    with arm_stand(tmp_path_factory.mktemp("bus"), factory) as started:
        found: ServiceBus = started.services[0]
        names = {"FIREDRILL_BUS_A": WEU, "FIREDRILL_BUS_B": NEU}
        strings = {"BUS_A": connection(found, WEU), "BUS_B": connection(found, NEU)}
        with environment_of(started, **names, **strings):
            yield started


@pytest.fixture(scope="module")
def bus(stand: ArmStand) -> ServiceBus:
    found = stand.services[0]
    assert isinstance(found, ServiceBus)
    return found


@pytest.fixture(autouse=True)
def in_order(stand: ArmStand) -> Iterator[None]:
    """Every test leaves both namespaces as it found them: redundant, and without messages."""
    yield
    facts = probes.facts(TARGET)
    assert {fact[2] for fact in facts if fact[1] == "redundant"} == {"yes"}, facts
    for namespace in (WEU, NEU):
        assert [queue.messages for queue in probes.queues_of(servicebus_client(), GROUP, namespace)] == [0, 0]


def undone(undo: Any, *given: Any) -> list[str]:
    """The kinds of notes of an undo that is carried out twice: the second time there is nothing to do."""
    with noting() as heard:
        undo(*given)
        undo(*given)
    return heard.kinds


UNDONE_ONCE = [*(f"undo.{word}" for word in DONE), "undo.not-needed"]


def test_one_queue_is_shut_and_opened_and_keeps_all_it_was(stand: ArmStand, bus: ServiceBus) -> None:
    """A PUT is a full replace: what the queue was beside its status is as before, and the other queue serves on."""
    status = "SendDisabled"
    before = servicebus_client().queues.get(GROUP, WEU, "to-ledger").as_dict(exclude_readonly=True)
    with noting() as heard:
        actions.set_queue_status(*HERE, "to-ledger", status=status)
    assert heard.kinds == [f"fault.{word}" for word in DONE]
    assert probes.queue_status(*HERE, "to-ledger") == status
    assert probes.status_of_queues(*HERE) == f"to-ledger {status}"
    assert (WEU, "is", f"1 of 2 queues {status}") in probes.facts(TARGET)
    with pytest.raises(MessagingEntityDisabledError):
        send(connection(bus), "to-ledger", "does not")
    assert "to-ledger is SendDisabled already" in refusal(actions.set_queue_status, *HERE, "to-ledger")
    assert undone(actions.activate_queue, *HERE, "to-ledger") == UNDONE_ONCE
    assert servicebus_client().queues.get(GROUP, WEU, "to-ledger").as_dict(exclude_readonly=True) == before


def test_every_queue_of_a_namespace_is_shut_and_opened(stand: ArmStand, bus: ServiceBus) -> None:
    """For its users the bus is gone, and what was in it is there when it is back. The other one serves."""
    send(connection(bus), "to-ledger", "stays")
    assert actions.set_status(*HERE) == QUEUES
    assert {(WEU, "redundant", "no"), (NEU, "redundant", "yes")} <= set(probes.facts(TARGET))
    with pytest.raises(MessagingEntityDisabledError):
        send(connection(bus), "confirmations", "does not go")
    assert undone(actions.activate_queues, *HERE) == UNDONE_ONCE
    assert drain(connection(bus), "to-ledger") == ["stays"]


def test_a_namespace_is_closed_to_the_network_and_opened(stand: ArmStand, bus: ServiceBus) -> None:
    """Clients are turned away until it is open again."""
    with noting() as heard:
        assert actions.close_network(*HERE) == "Disabled"
    assert heard.kinds == [f"fault.{word}" for word in DONE]
    assert (WEU, "is", "closed to the network") in probes.facts(TARGET)
    with pytest.raises(ServiceBusError):
        send(connection(bus), "to-ledger", "does not go")
    assert "accepted: Enabled" in refusal(actions.close_network, *HERE)
    assert undone(actions.open_network, *HERE) == UNDONE_ONCE
    assert drain(connection(bus), "to-ledger") == []


def test_what_may_not_be_shut_is_refused(stand: ArmStand, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that is not there or not named, a status that shuts nothing, a namespace outside the allow-list."""
    words = refusal(actions.set_queue_status, *HERE, "to-leger")
    assert "there is no queue 'to-leger' in sb-weu; accepted: confirmations, to-ledger" in words
    assert "no queue is named" in refusal(actions.set_queue_status, *HERE, " ")
    assert "'Active' shuts no queue" in refusal(actions.set_status, *HERE, status="Active")
    monkeypatch.setenv("FIREDRILL_ALLOW", f"servicebus/{NEU}")
    refused = "servicebus/sb-weu is not in the target's allow-list; accepted: servicebus/sb-neu"
    assert refused in refusal(actions.set_queue_status, *HERE, "to-ledger")
    assert refused in refusal(actions.set_status, *HERE)
    assert refused in refusal(actions.close_network, *HERE)
    assert refused in refusal(servicebus_failover.fail_over_replication, *HERE)
    assert refused in refusal(messages.send_poison, *HERE, "to-ledger")
    assert refused in refusal(messages.send_copies, GROUP, NEU, ["to-ledger"], [WEU], number=1)
    assert "servicebus/sb-gasbank is not in" in refusal(servicebus_failover.fail_over_alias, *PAIR)


def test_a_name_fails_over_forward_only_and_is_paired_again(stand: ArmStand, bus: ServiceBus) -> None:
    """It leads to the other namespace, says how many messages are stranded, and stays there when it is paired again."""
    send(connection(bus), "to-ledger", "stranded")
    with noting() as heard:
        assert servicebus_failover.fail_over_alias(*PAIR) == NEU
    assert heard.of("fault.command")[0]["reversibility"] == "one-way"
    assert heard.of("observed") == [
        {**heard.of("observed")[0], "subject": WEU, "attribute": "stranded messages", "value": 1}
    ]
    facts = probes.facts(TARGET)
    assert {(ALIAS, "leads to", NEU), (ALIAS, "redundant", "no"), (WEU, "redundant", "yes")} <= set(facts)
    assert "without a partner" in refusal(servicebus_failover.fail_over_alias, *PAIR)
    assert undone(servicebus_failover.pair_again, *PAIR) == UNDONE_ONCE
    assert probes.alias_leads_to(GROUP, WEU, NEU, ALIAS) == NEU
    assert drain(connection(bus), "to-ledger") == ["stranded"]
    assert servicebus_failover.fail_over_alias(*PAIR) == WEU
    servicebus_failover.pair_again(*PAIR)
    assert "the target has no Geo-DR name" in refusal(servicebus_failover.fail_over_alias, GROUP, "", WEU, NEU)


def test_a_replicated_namespace_changes_regions_and_comes_home(stand: ArmStand, bus: ServiceBus) -> None:
    """Planned: what was acknowledged is there on the other side. Away from home nothing more is moved away."""
    send(connection(bus), "to-ledger", "copied")
    with noting() as heard:
        assert servicebus_failover.fail_over_replication(*HERE) == "northeurope"
    assert heard.of("fault.command")[0]["planned"] is True
    assert heard.of("fault.accepted")[0]["token"]
    assert probes.served_from(*HERE) == "northeurope"
    assert drain(connection(bus), "to-ledger") == ["copied"]
    assert "away from its home" in refusal(servicebus_failover.fail_over_replication, *HERE)
    assert undone(servicebus_failover.bring_home, *HERE) == UNDONE_ONCE


def test_poison_is_sent_and_taken_out_of_the_dead_letters(stand: ArmStand, bus: ServiceBus) -> None:
    """Once receivers have set it aside; what others left there stays, and poison that nobody has met is not taken away."""
    with noting() as heard:
        sent = messages.send_poison(*HERE, "to-ledger", number=2)
    assert heard.kinds == [f"fault.{word}" for word in DONE]
    with pytest.raises(ActivityFailed, match="nobody has read it and set it aside"):
        messages.purge_poison(*HERE, "to-ledger", within="100ms")
    send(connection(bus), "to-ledger", "somebody else's")
    assert set_aside(bus) == 3
    assert (WEU, "dead letters", 3) in probes.facts(TARGET)
    assert probes.dead_letters(*HERE, "to-ledger") == 3
    with noting() as heard:
        assert [messages.purge_poison(*HERE, "to-ledger"), messages.purge_poison(*HERE, "to-ledger")] == [len(sent), 0]
    assert heard.kinds == UNDONE_ONCE
    assert drain(connection(bus), "to-ledger/$DeadLetterQueue") == ["somebody else's"]
    assert "number is 101; accepted: 1 to 100" in refusal(messages.send_poison, *HERE, "to-ledger", number=101)


def set_aside(bus: ServiceBus) -> int:
    """A receiver that can read nothing."""
    with client_of(connection(bus)) as client, client.get_queue_receiver("to-ledger") as receiver:
        found = receiver.receive_messages(10, max_wait_time=1)
        for message in found:
            receiver.dead_letter_message(message, reason="unreadable")
        return len(found)


def test_copies_of_what_passes_go_to_both_buses(stand: ArmStand, bus: ServiceBus) -> None:
    """With their ids, bodies and properties, the newest first; the originals stay where they are."""
    with client_of(connection(bus)) as client, client.get_queue_sender("to-ledger") as sender:
        for number in range(3):
            made = ServiceBusMessage(f"{number}", message_id=f"m{number}", application_properties={"party": "a"})
            sender.send_messages(made, timeout=5)
    with noting() as heard:
        sent = messages.send_copies(GROUP, WEU, QUEUES, [WEU, NEU], number=2, times=2, within="5s")
    assert sent == 8
    assert heard.of("fault.command")[0]["reversibility"] == "self-heals"
    assert drain(connection(bus), "to-ledger") == ["0", "1", "2", "1", "0", "1", "0"]
    with client_of(connection(bus, NEU)) as client, client.get_queue_receiver("to-ledger") as receiver:
        found = receiver.receive_messages(4, max_wait_time=1)
        for message in found:
            receiver.complete_message(message)
    assert [(each.message_id, str(each)) for each in found] == 2 * [("m1", "1"), ("m0", "0")]
    assert found[0].application_properties == {b"party": b"a"}


def test_what_is_held_back_is_overtaken_and_comes_once_more(stand: ArmStand, bus: ServiceBus) -> None:
    """Copies come, the newest first; and what was held is where it was."""
    send(connection(bus), "to-ledger", "0", "1")
    with noting() as heard:
        assert messages.hold_back(GROUP, WEU, QUEUES, [WEU, NEU], number=2, hold="500ms") == 2
    assert heard.kinds == [f"fault.{word}" for word in DONE]
    assert drain(connection(bus), "to-ledger") == ["0", "1", "1", "0"]
    assert drain(connection(bus, NEU), "to-ledger") == ["1", "0"]
    with pytest.raises(ActivityFailed, match="no message passed through to-ledger of sb-weu"):
        messages.hold_back(GROUP, WEU, ["to-ledger"], [NEU], number=1, hold="200ms")
    assert "accepted: up to 10s" in refusal(messages.hold_back, GROUP, WEU, ["to-ledger"], [NEU], 1, hold="11s")


def test_nobody_else_gets_what_is_held(stand: ArmStand, bus: ServiceBus) -> None:
    """Later messages pass."""
    send(connection(bus), "to-ledger", "0")
    with holding(bus, "to-ledger"):
        send(connection(bus), "to-ledger", "1")
        assert drain(connection(bus), "to-ledger") == ["1"]
    assert drain(connection(bus), "to-ledger") == ["0"]


def test_a_message_whose_lock_ran_out_is_left_to_others(stand: ArmStand, bus: ServiceBus) -> None:
    """The bus has given it to somebody else by then; that is no failure."""
    queues = servicebus_client().queues
    queues.create_or_update(*HERE, "short", {"properties": {"lockDuration": "PT0.2S"}})
    send(connection(bus), "short", "0")
    with holding(bus, "short"):
        assert drain(connection(bus), "short", wait_s=3) == ["0"]
    queues.delete(*HERE, "short")


@contextmanager
def holding(bus: ServiceBus, queue: str) -> Iterator[None]:
    """The one message there."""
    with client_of(connection(bus)) as client, looking.held(client, [queue], 1, 0.1) as found:
        assert len(found[queue]) == 1
        yield


def test_a_storm_without_traffic_or_without_bounds_is_no_storm(stand: ArmStand) -> None:
    """Nothing passed, nothing was sent; and what would be too much is refused."""
    with pytest.raises(ActivityFailed, match="no message passed through to-ledger of sb-weu"):
        messages.send_copies(GROUP, WEU, ["to-ledger"], [NEU], number=1, within="200ms")
    assert "accepted: 1 to 10000" in refusal(messages.send_copies, GROUP, WEU, ["to-ledger"], [WEU, NEU], 1000, 10)
    assert "no queues or no namespaces" in refusal(messages.send_copies, GROUP, WEU, [], [WEU], 1)
    assert "there is no queue 'x'" in refusal(messages.send_copies, GROUP, WEU, ["x"], [WEU], 1)


def test_when_the_answer_is_lost_the_queue_decides(stand: ArmStand) -> None:
    """The PUT was taken and its answer never came: asked once, seen at the queue. Not taken: the fault has failed."""
    one, asked = actions.bus_of(*HERE), []

    def lost(*given: Any, **named: Any) -> Any:
        asked.append(named)
        one.client.queues.create_or_update(*given)
        raise ConnectionError("the answer never came")

    body = {"properties": {"status": "Disabled"}}
    with noting() as heard, steps.step(steps.FAULT, "shut", on=one.address) as change:
        shut = partial(status_is, one, "Disabled")
        steps.send(change, lost, *HERE, "to-ledger", body, happened=shut)
    assert heard.kinds == ["fault.command", "doubt", "fault.accepted", "fault.done"]
    assert asked == [{"retry_total": 0}]
    actions.activate_queue(*HERE, "to-ledger")
    until(partial(status_is, one, "Active"), 5, "Active")

    def never_left(*_given: Any, **_named: Any) -> Any:
        raise ConnectionError("it was lost on the way")

    shut_in_vain = steps.step(steps.FAULT, "shut", on=one.address)
    unseen = pytest.raises(ActivityFailed, match="the resource does not show the change")
    with noting() as heard, unseen, shut_in_vain as change:
        steps.send(change, never_left, happened=shut, within_s=0.1)
    assert heard.kinds == ["fault.command", "doubt", "fault.failed"]


def status_is(one: actions.Bus, status: str) -> bool:
    return one.status("to-ledger") == status
