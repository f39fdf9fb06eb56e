"""The bank's plant is asked again, as Chaos Toolkit calls it, on a namespace of the stage over sockets."""

import json
from collections.abc import Iterator
from functools import partial

import pytest
from chaoslib.exceptions import ActivityFailed
from contract.arm_stand import arm_stand
from contract.bus_arm import WEU, connection
from contract.bus_clients import drain, send
from contract.drilled import GROUP, environment_of, noting, refusal

from azsim.servicebus.service import ServiceBus
from probes.gasbank.storm import PLANT, ask_plant_again

ASKED = {
    "id": "1",
    "kind": "flow-instruction",
    "sender": "ledger",
    "party": "alice",
    "sequence": 7,
    "body": {"business_key": "k"},
}


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceBus]:
    with arm_stand(tmp_path_factory.mktemp("bus"), partial(ServiceBus, queues=[PLANT])) as started:
        found: ServiceBus = started.services[0]
        with environment_of(started, FIREDRILL_BUS_A=WEU, BUS_A=connection(found, WEU)):
            yield found


def test_what_the_plant_was_asked_comes_in_another_message_too(bus: ServiceBus) -> None:
    """The message itself is where it was; the other one asks for the same, under a name that nobody has seen."""
    send(connection(bus), PLANT, json.dumps([ASKED]))
    with noting() as heard:
        assert ask_plant_again(GROUP, WEU, number=5, hold="300ms") == 1
    assert heard.of("fault.command")[0]["reversibility"] == "self-heals"
    (first,), (again,) = (json.loads(text) for text in drain(connection(bus), PLANT))
    assert first == ASKED
    assert (again["body"], again["party"], again["sequence"]) == (ASKED["body"], "alice", 1)
    assert {again["id"], again["sender"]}.isdisjoint({ASKED["id"], ASKED["sender"]})


def test_without_an_instruction_the_plant_is_not_asked(bus: ServiceBus) -> None:
    """Other messages stay where they are and are not said again; a time that outlives a lock is refused."""
    other = json.dumps([ASKED | {"kind": "posted"}])
    send(connection(bus), PLANT, other)
    with pytest.raises(ActivityFailed, match="no instruction passed through to-plant"):
        ask_plant_again(GROUP, WEU, number=5, hold="300ms")
    assert drain(connection(bus), PLANT) == [other]
    assert "accepted: up to 10s" in refusal(ask_plant_again, GROUP, WEU, 5, hold="1m")
