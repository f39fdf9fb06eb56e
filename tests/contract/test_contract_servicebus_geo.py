"""What becomes of a namespace when its region is left: promotion of the copy, and the Geo-DR name, through azure-mgmt-servicebus."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.servicebus import ServiceBusManagementClient
from azure.servicebus.exceptions import (
    ServiceBusConnectionError,
    ServiceBusError,
)
from contract.arm_stand import ArmStand
from contract.bus_arm import ALIAS, GROUP, NEU, WEU, bus_arm, connection, new_queue
from contract.bus_clients import drain, send
from contract.running_stage import until

from azsim.ground import other
from azsim.servicebus.service import ServiceBus


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmStand]:
    with bus_arm(tmp_path_factory.mktemp("bus-geo")) as made:
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


def test_a_planned_promotion_loses_nothing(arm: Any, bus: ServiceBus, queue: str) -> None:
    """Nobody sends or receives meanwhile; then the same address serves what was there, from the other region."""
    send(connection(bus), queue, "before")
    poller = arm.namespaces.begin_failover(GROUP, WEU, {"properties": {"primaryLocation": "North Europe"}})
    with pytest.raises(ServiceBusError):
        send(connection(bus), queue, "meanwhile")
    assert arm.namespaces.get(GROUP, WEU).properties.provisioning_state == "Updating"
    poller.result()
    assert poller.status() == "Succeeded"
    assert drain(connection(bus), queue) == ["before"]
    roles = {
        each.location_name: each.role_type
        for each in arm.namespaces.get(GROUP, WEU).properties.geo_data_replication.locations
    }
    assert roles == {"northeurope": "Primary", "westeurope": "Secondary"}
    assert bus.status()[WEU]["primary_location"] == "North Europe"
    with pytest.raises(HttpResponseError) as refused:
        arm.namespaces.begin_failover(GROUP, WEU, {"properties": {"primaryLocation": "northeurope"}})
    assert refused.value.status_code == 400


def test_a_forced_promotion_loses_the_tail_and_brings_back_what_was_done(
    stand: ArmStand, arm: Any, bus: ServiceBus, queue: str
) -> None:
    """What the copy had not got is lost; what was completed within the lag comes a second time; a fault stays behind."""
    site, there = bus.sites[WEU], other(bus.sites[WEU].primary)
    stand.call(site.set_lag(3600.0))
    try:
        send(connection(bus), queue, "late")  # not copied for an hour
        stand.call(site.set_lag(0.0))
        send(connection(bus), queue, "copied")
        stand.call(site.set_lag(3600.0))
        assert drain(connection(bus), queue) == ["late", "copied"]
        send(connection(bus), queue, "lost")
        stand.call(bus.fault(WEU, {"frozen": True}))
        with pytest.raises(HttpResponseError):
            arm.namespaces.begin_failover(GROUP, WEU, {"properties": {"primaryLocation": there}}).result()
        forced = {"properties": {"primaryLocation": there, "force": True}}
        arm.namespaces.begin_failover(GROUP, WEU, forced).result()
        assert drain(connection(bus), queue) == ["late", "copied"]
        [told] = [entry.data for entry in stand.log.after(0) if entry.event == "servicebus.promoted"][-1:]
        assert (told["lost"], told["again"]) == (1, 2)
    finally:
        stand.call(site.set_lag(0.5))


def test_a_synchronous_copy_loses_nothing(arm: Any, bus: ServiceBus, queue: str) -> None:
    """With a greatest lag of 0 even a forced promotion keeps all that was acknowledged."""

    def most(lag_s: int) -> Any:
        body = {
            "location": "westeurope",
            "properties": {"geoDataReplication": {"maxReplicationLagDurationInSeconds": lag_s}},
        }
        return arm.namespaces.begin_create_or_update(GROUP, NEU, body).result()

    assert most(0).properties.geo_data_replication.max_replication_lag_duration_in_seconds == 0
    send(connection(bus, NEU), "confirmations", "kept")
    forced = {"properties": {"primaryLocation": "westeurope", "force": True}}
    arm.namespaces.begin_failover(GROUP, NEU, forced).result()
    assert drain(connection(bus, NEU), "confirmations") == ["kept"]
    most(300)
    with pytest.raises(HttpResponseError):
        most(10)


def state(arm: Any, namespace: str) -> tuple[str, str, str]:
    said = arm.disaster_recovery_configs.get(GROUP, namespace, ALIAS).properties
    return said.role, said.provisioning_state, said.partner_namespace.rpartition("/")[2]


def settled(arm: Any, namespace: str) -> None:
    until(lambda: state(arm, namespace)[1] == "Succeeded", 20, "Succeeded")


def test_an_alias_fails_over_forward_only(arm: Any, bus: ServiceBus, queue: str) -> None:
    """The name leads to the other namespace, messages stay behind, the pair is gone; a new pair can be made, both ways."""
    alias = connection(bus, key="alias_connection_string")
    assert arm.namespaces.list_keys(GROUP, WEU, "RootManageSharedAccessKey").alias_primary_connection_string == alias
    until(
        lambda: (
            not arm.disaster_recovery_configs.get(GROUP, WEU, ALIAS).properties.pending_replication_operations_count
        ),
        20,
        "copied",
    )
    assert state(arm, WEU) == ("Primary", "Succeeded", NEU)
    assert state(arm, NEU) == ("Secondary", "Succeeded", WEU)
    send(alias, queue, "stranded")
    with pytest.raises(HttpResponseError) as refused:
        arm.disaster_recovery_configs.fail_over(GROUP, WEU, ALIAS)
    assert refused.value.status_code == 400
    arm.disaster_recovery_configs.fail_over(GROUP, NEU, ALIAS)
    assert state(arm, NEU)[1] == "Accepted"
    settled(arm, NEU)
    assert state(arm, NEU) == ("PrimaryNotReplicating", "Succeeded", "")
    with pytest.raises(ResourceNotFoundError):
        arm.disaster_recovery_configs.get(GROUP, WEU, ALIAS)
    send(alias, queue, "after")  # the queue itself had been copied
    assert drain(connection(bus, NEU), queue) == ["after"]
    assert drain(connection(bus, WEU), queue) == ["stranded"]
    pair_again(arm, NEU, WEU)
    arm.disaster_recovery_configs.fail_over(GROUP, WEU, ALIAS)
    settled(arm, WEU)
    pair_again(arm, WEU, NEU)
    assert bus.alias() == {
        "name": ALIAS,
        "primary": WEU,
        "secondary": NEU,
        "state": "Succeeded",
        "connection_string": alias,
    }


def pair_again(arm: Any, primary: str, secondary: str) -> None:
    partner = arm.namespaces.get(GROUP, secondary).id
    arm.disaster_recovery_configs.create_or_update(GROUP, primary, ALIAS, {"properties": {"partnerNamespace": partner}})
    settled(arm, primary)
    assert state(arm, secondary)[0] == "Secondary"


def test_a_pair_copies_entities_but_not_their_status(arm: Any, bus: ServiceBus, queue: str) -> None:
    """A queue made at the primary appears at the secondary; disabled there, it is not disabled here."""
    until(lambda: queue in bus.status()[NEU]["queues"], 20, "copied")
    arm.queues.create_or_update(GROUP, WEU, queue, {"properties": {"status": "Disabled", "maxDeliveryCount": 5}})
    until(lambda: arm.queues.get(GROUP, NEU, queue).properties.max_delivery_count == 5, 20, "copied")
    assert arm.queues.get(GROUP, NEU, queue).properties.status == "Active"
    arm.queues.delete(GROUP, WEU, queue)
    until(lambda: queue not in [each.name for each in arm.queues.list_by_namespace(GROUP, NEU)], 20, "deleted")


def test_a_pair_can_be_broken_and_the_alias_deleted(arm: Any, bus: ServiceBus) -> None:
    """A paired alias is not deleted; broken it stands before its primary; deleted it leads nowhere; then it is made anew."""
    alias = connection(bus, key="alias_connection_string")
    with pytest.raises(HttpResponseError) as refused:
        arm.disaster_recovery_configs.delete(GROUP, WEU, ALIAS)
    assert refused.value.status_code == 409
    arm.disaster_recovery_configs.break_pairing(GROUP, WEU, ALIAS)
    assert state(arm, WEU) == ("PrimaryNotReplicating", "Succeeded", "")
    assert list(arm.disaster_recovery_configs.list(GROUP, NEU)) == []
    arm.disaster_recovery_configs.delete(GROUP, WEU, ALIAS)
    assert list(arm.disaster_recovery_configs.list(GROUP, WEU)) == []
    with pytest.raises(ServiceBusConnectionError):
        send(alias, "confirmations", "x")
    pair_again(arm, WEU, NEU)
    send(alias, "confirmations", "y")
    assert drain(connection(bus), "confirmations") == ["y"]


def test_what_is_copied_meanwhile_does_not_shut_a_queue_again(arm: Any, bus: ServiceBus, queue: str) -> None:
    """The copy of the primary's change keeps the secondary's own status, also one that somebody sets at that moment."""
    queues = [queue, *(new_queue(arm) for _ in range(3))]
    until(lambda: set(queues) <= set(bus.status()[NEU]["queues"]), 20, "copied")
    for number in range(30):
        for namespace, status in itertools.product((WEU, NEU), ("Disabled", "Active")):
            for each in queues:
                arm.queues.create_or_update(GROUP, namespace, each, {"properties": {"status": status}})
        assert {arm.queues.get(GROUP, NEU, each).properties.status for each in queues} == {"Active"}, number
