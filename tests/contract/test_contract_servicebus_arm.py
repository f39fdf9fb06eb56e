"""Microsoft.ServiceBus through azure-mgmt-servicebus, and what its changes mean to clients of azure-servicebus."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.servicebus import ServiceBusManagementClient
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import (
    MessagingEntityDisabledError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusConnectionError,
    ServiceBusError,
    ServiceBusServerBusyError,
)
from contract.arm_stand import ArmStand
from contract.bus_arm import GROUP, NEU, WEU, bus_arm, connection, new_queue
from contract.bus_clients import client_of, drain, send

from azsim.errors import StageError
from azsim.servicebus.service import ServiceBus


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmStand]:
    with bus_arm(tmp_path_factory.mktemp("bus-arm")) as made:
        yield made


@pytest.fixture(scope="module")
def bus(stand: ArmStand) -> ServiceBus:
    return stand.services[0]


@pytest.fixture(scope="module")
def arm(stand: ArmStand) -> Any:
    return stand.management(ServiceBusManagementClient)


@pytest.fixture
def queue(arm: Any) -> str:
    return new_queue(arm)


def test_the_stage_has_a_premium_namespace_in_each_region(arm: Any, bus: ServiceBus) -> None:
    """Both are listed with their place and the copy in the other; an unknown one is not found."""
    found = {each.name: each for each in arm.namespaces.list_by_resource_group(GROUP)}
    assert {name: each.location for name, each in found.items()} == {WEU: "westeurope", NEU: "northeurope"}
    assert found[WEU].sku.name == "Premium"
    assert found[WEU].properties.public_network_access == "Enabled"
    roles = {each.location_name: each.role_type for each in found[WEU].properties.geo_data_replication.locations}
    assert roles == {"westeurope": "Primary", "northeurope": "Secondary"}
    assert [each.name for each in arm.namespaces.list()] == [WEU, NEU]
    with pytest.raises(ResourceNotFoundError):
        arm.namespaces.get(GROUP, "sb-nowhere")
    assert bus.status()[WEU]["queues"]["confirmations"] == "Active"
    assert {each["kind"] for each in bus.processes().values()} == {"bus"}


def test_least_privilege_strings_do_what_their_name_says(bus: ServiceBus, queue: str) -> None:
    """`send` sends, `listen` receives, neither does the other's."""
    send(connection(bus, key="send_connection_string"), queue, "one")
    assert drain(connection(bus, key="listen_connection_string"), queue) == ["one"]
    with pytest.raises(ServiceBusError):
        send(connection(bus, key="listen_connection_string"), queue, "two")


def test_a_put_replaces_every_setting_of_a_queue(arm: Any, queue: str) -> None:
    """What is said is there; what the next PUT does not say is the default again, as on Azure."""
    wanted = {"lockDuration": "PT1M30S", "maxDeliveryCount": 7, "defaultMessageTimeToLive": "P2D"}
    made = arm.queues.create_or_update(GROUP, WEU, queue, {"properties": wanted}).properties
    assert (made.lock_duration, made.max_delivery_count) == (timedelta(seconds=90), 7)
    assert made.default_message_time_to_live == timedelta(days=2)
    bare = arm.queues.create_or_update(GROUP, WEU, queue, {"properties": {}}).properties
    assert (bare.lock_duration, bare.max_delivery_count) == (timedelta(seconds=60), 10)
    assert bare.default_message_time_to_live > timedelta(days=10_000_000)


def test_what_was_read_can_be_put_back(arm: Any, queue: str) -> None:
    """The way in which a drill disables a queue and mends it: GET, change the status, PUT all back, twice."""
    before = arm.queues.get(GROUP, WEU, queue)
    changed = arm.queues.get(GROUP, WEU, queue)
    changed.properties.status = "Disabled"
    assert arm.queues.create_or_update(GROUP, WEU, queue, changed).properties.status == "Disabled"
    assert arm.queues.create_or_update(GROUP, WEU, queue, before).as_dict() == before.as_dict()


def test_a_queue_says_what_is_in_it(arm: Any, bus: ServiceBus, queue: str) -> None:
    """Active and dead-lettered messages are counted apart."""
    send(connection(bus), queue, "a", "b", "c")
    with client_of(connection(bus)) as client, client.get_queue_receiver(queue) as receiver:
        [got] = receiver.receive_messages(1, max_wait_time=5)
        receiver.dead_letter_message(got)
    said = arm.queues.get(GROUP, WEU, queue).properties
    assert (said.message_count, said.count_details.active_message_count) == (3, 2)
    assert said.count_details.dead_letter_message_count == 1
    assert said.size_in_bytes > 0


def test_a_status_shuts_one_way_or_both(arm: Any, bus: ServiceBus, queue: str) -> None:
    """Clients are refused with the SDK's own class, the stage's status says so at once, and Active ends it."""

    def put(status: str) -> None:
        arm.queues.create_or_update(GROUP, WEU, queue, {"properties": {"status": status}})
        assert bus.status()[WEU]["queues"][queue] == status

    put("ReceiveDisabled")
    send(connection(bus), queue, "x")
    with pytest.raises(MessagingEntityDisabledError):
        drain(connection(bus), queue)
    put("SendDisabled")
    with pytest.raises(MessagingEntityDisabledError):
        send(connection(bus), queue, "y")
    assert drain(connection(bus), queue) == ["x"]
    put("Disabled")
    with pytest.raises(MessagingEntityDisabledError):
        send(connection(bus), queue, "z")
    put("Active")
    send(connection(bus), queue, "z")


def test_settings_that_the_stage_does_not_have_are_refused(arm: Any, queue: str) -> None:
    """Loudly: nothing is taken and then not done. What is no setting at all is a bad request."""
    for properties in ({"forwardTo": "elsewhere"}, {"autoDeleteOnIdle": "PT5M"}, {"enablePartitioning": True}):
        with pytest.raises(HttpResponseError) as refused:
            arm.queues.create_or_update(GROUP, WEU, queue, {"properties": properties})
        assert refused.value.status_code == 501
    for properties in ({"status": "Sleeping"}, {"lockDuration": "a minute"}, {"requiresSession": True}):
        with pytest.raises(HttpResponseError) as refused:
            arm.queues.create_or_update(GROUP, WEU, queue, {"properties": properties})
        assert refused.value.status_code == 400


def test_a_deleted_queue_is_gone_for_clients(arm: Any, bus: ServiceBus, queue: str) -> None:
    """Deleting twice is no error; its status and its messages are gone."""
    send(connection(bus), queue, "x")
    arm.queues.delete(GROUP, WEU, queue)
    arm.queues.delete(GROUP, WEU, queue)
    with pytest.raises(ResourceNotFoundError):
        arm.queues.get(GROUP, WEU, queue)
    with pytest.raises(MessagingEntityNotFoundError):
        send(connection(bus), queue, "y")
    assert queue not in bus.status()[WEU]["queues"]


def test_topics_subscriptions_and_rules(arm: Any, bus: ServiceBus) -> None:
    """Made through ARM, filled with the SDK: a subscription gets what its rules say, and counts it."""
    topic = f"t-{uuid.uuid4().hex[:8]}"
    arm.topics.create_or_update(GROUP, WEU, topic, {"properties": {}})
    arm.subscriptions.create_or_update(GROUP, WEU, topic, "large", {"properties": {"maxDeliveryCount": 3}})
    rule = {"properties": {"filterType": "SqlFilter", "sqlFilter": {"sqlExpression": "kwh > 10"}}}
    arm.rules.create_or_update(GROUP, WEU, topic, "large", "by-size", rule)
    label = {"properties": {"filterType": "CorrelationFilter", "correlationFilter": {"label": "urgent"}}}
    arm.rules.create_or_update(GROUP, WEU, topic, "large", "urgent", label)
    arm.rules.delete(GROUP, WEU, topic, "large", "$Default")
    with client_of(connection(bus)) as client, client.get_topic_sender(topic) as sender:
        for kwh, subject in ((5, "calm"), (50, "calm"), (5, "urgent")):
            sender.send_messages(ServiceBusMessage(str(kwh), subject=subject, application_properties={"kwh": kwh}))
    found = {each.name: each.properties for each in arm.rules.list_by_subscriptions(GROUP, WEU, topic, "large")}
    assert found["by-size"].sql_filter.sql_expression == "kwh > 10"
    assert found["urgent"].correlation_filter.label == "urgent"
    said = arm.subscriptions.get(GROUP, WEU, topic, "large").properties
    assert (said.count_details.active_message_count, said.max_delivery_count) == (2, 3)
    assert arm.topics.get(GROUP, WEU, topic).properties.subscription_count == 1
    assert [each.name for each in arm.subscriptions.list_by_topic(GROUP, WEU, topic)] == ["large"]
    arm.topics.delete(GROUP, WEU, topic)
    with pytest.raises(ResourceNotFoundError):
        arm.subscriptions.get(GROUP, WEU, topic, "large")


def test_keys_are_told_and_made_anew(arm: Any, bus: ServiceBus, queue: str) -> None:
    """The string of listKeys works as it is; after regenerateKeys the old key is refused, the second one goes on."""
    before = arm.namespaces.list_keys(GROUP, WEU, "send")
    send(before.primary_connection_string, queue, "one")
    after = arm.namespaces.regenerate_keys(GROUP, WEU, "send", {"keyType": "PrimaryKey"})
    assert after.primary_key != before.primary_key
    with pytest.raises(ServiceBusAuthenticationError):
        send(before.primary_connection_string, queue, "two")
    send(before.secondary_connection_string, queue, "three")
    send(connection(bus, key="send_connection_string"), queue, "four")
    assert drain(connection(bus), queue) == ["one", "three", "four"]
    rules = {each.name: list(each.properties.rights) for each in arm.namespaces.list_authorization_rules(GROUP, WEU)}
    assert rules["listen"] == ["Listen"]


def test_network_rules_let_nobody_in_who_is_not_listed(arm: Any, bus: ServiceBus, queue: str) -> None:
    """Deny shuts all out, an ip rule for the clients' address lets them in, Allow ends it."""

    def put(**properties: Any) -> None:
        arm.namespaces.create_or_update_network_rule_set(GROUP, WEU, {"properties": properties})

    put(defaultAction="Deny")
    with pytest.raises(ServiceBusAuthenticationError):
        send(connection(bus), queue, "x")
    put(defaultAction="Deny", ipRules=[{"ipMask": "127.0.0.0/8", "action": "Allow"}])
    send(connection(bus), queue, "y")
    assert arm.namespaces.get_network_rule_set(GROUP, WEU).properties.default_action == "Deny"
    put(defaultAction="Allow")
    assert drain(connection(bus), queue) == ["y"]


def test_public_access_can_be_switched_off(arm: Any, bus: ServiceBus, queue: str) -> None:
    """A PATCH of the namespace shuts all out, and they come back with the next."""
    said = arm.namespaces.update(GROUP, WEU, {"properties": {"publicNetworkAccess": "Disabled"}})
    assert said.properties.provisioning_state == "Succeeded"
    with pytest.raises(ServiceBusAuthenticationError):
        send(connection(bus), queue, "x")
    send(connection(bus, NEU), "confirmations", "the other namespace does not care")
    arm.namespaces.update(GROUP, WEU, {"properties": {"publicNetworkAccess": "Enabled"}})
    send(connection(bus), queue, "y")
    assert drain(connection(bus, NEU), "confirmations")


def test_the_operator_throttles_freezes_slows_and_removes(stand: ArmStand, bus: ServiceBus, queue: str) -> None:
    """Faults that ARM does not have; each is off again when it is not named, and a wrong one is refused."""
    stand.call(bus.fault(WEU, {"throttled": True}))
    with pytest.raises(ServiceBusServerBusyError):
        send(connection(bus), queue, "x")
    stand.call(bus.fault(WEU, {"gone": True}))
    with pytest.raises(ServiceBusConnectionError):
        send(connection(bus), queue, "x")
    stand.call(bus.fault(WEU, {"slow_s": 0.01}))
    send(connection(bus), queue, "late")
    stand.call(bus.fault(WEU, {}))
    assert drain(connection(bus), queue) == ["late"]
    for namespace, faults in (("sb-nowhere", {}), (WEU, {"sleepy": True}), (WEU, {"denied": True})):
        with pytest.raises(StageError):
            stand.call(bus.fault(namespace, faults))


def test_a_killed_namespace_comes_back_with_what_it_was_told(
    stand: ArmStand, bus: ServiceBus, arm: Any, queue: str
) -> None:
    """Messages, settings, keys and faults survive `kill -9`; ARM waits for it rather than failing."""
    import psutil

    arm.namespaces.regenerate_keys(GROUP, WEU, "listen", {"keyType": "PrimaryKey"})
    send(connection(bus), queue, "kept")
    stand.call(bus.fault(WEU, {"throttled": True}))
    pid = bus.processes()[WEU]["pid"]
    psutil.Process(pid).kill()
    assert arm.queues.get(GROUP, WEU, queue).properties.message_count == 1
    assert bus.processes()[WEU]["pid"] != pid
    with pytest.raises(ServiceBusServerBusyError):
        send(connection(bus), queue, "x")
    stand.call(bus.fault(WEU, {}))
    assert drain(connection(bus, key="listen_connection_string"), queue) == ["kept"]
