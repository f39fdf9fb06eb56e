"""Faults that only the stage can have, set and healed as Chaos Toolkit does it, and met by the official clients."""

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusServerBusyError
from chaoslib.exceptions import ActivityFailed
from contract.bus_clients import client_of, drain
from contract.drilled import noting, refusal
from contract.running_stage import RunningStage, environment, until

from firedrill.actions import stage as actions
from firedrill.azure import clients, control
from firedrill.model.target import StageSpec, Target
from firedrill.probes import stage as probes

pytestmark = pytest.mark.e2e

AUTHORITY, BUS = ("identity", "authority"), ("servicebus", "sb-weu")
HERE = Target("here", stage=StageSpec())
QUEUE = "faults"


@pytest.fixture(autouse=True)
def known(stage: RunningStage, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `eval "$(firedrill stage env)"` sets; all is well again afterwards."""
    told = control.Control(stage.first_line["control"], stage.first_line["token"]).environment()
    for name, value in {**environment(stage.status()), **told}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("FIREDRILL_ALLOW", raising=False)
    yield
    for service, name in (AUTHORITY, BUS):
        assert stage.ask("PUT", f"/faults/{service}/{name}", {})[0] == 200


@pytest.fixture
def queue(stage: RunningStage) -> str:
    """A queue on bus A, made by its management client; the address to reach it."""
    clients.servicebus_client().queues.create_or_update("gasbank", "sb-weu", QUEUE, {"properties": {}})
    return str(stage.status()["servicebus"]["sb-weu"]["connection_string"])


def send(connection: str, text: str) -> None:
    with client_of(connection) as client, client.get_queue_sender(QUEUE) as sender:
        sender.send_messages(ServiceBusMessage(text), timeout=5)


def credential(status: dict[str, Any]) -> ClientSecretCredential:
    return ClientSecretCredential(
        status["tenant"],
        status["client_id"],
        status["client_secret"],
        authority=status["authority"],
        disable_instance_discovery=True,
        connection_verify=status["ca"],
        retry_total=0,
    )


def sign_in(status: dict[str, Any]) -> str:
    return str(credential(status).get_token("https://management.azure.com/.default").token)


def test_a_throttled_bus_is_busy_for_its_client_until_it_is_healed(stage: RunningStage, queue: str) -> None:
    """azure-servicebus raises its own error; the stage says what is wrong, and that there is no second leg meanwhile."""
    with noting() as heard:
        assert actions.set_fault(*BUS, {"throttled": True}) == {"throttled": True}
    assert heard.kinds == ["fault.command", "fault.accepted", "fault.done"]
    assert heard.of("fault.command")[0] == {
        "name": "throttled: sb-weu",
        "on": "servicebus/sb-weu",
        "planned": False,
        "reversibility": "reversible",
    }
    with pytest.raises(ServiceBusServerBusyError):
        send(queue, "lost on nobody")
    assert probes.faults_of(*BUS) == "throttled"
    assert set(probes.facts(HERE)) >= {
        ("servicebus/sb-weu", "redundant", "no"),
        ("servicebus/sb-weu", "is", "throttled"),
        ("servicebus/sb-neu", "redundant", "yes"),
        ("identity/authority", "redundant", "yes"),
    }
    with noting() as heard:
        assert actions.heal(*BUS) == {"throttled": True}
    assert heard.kinds == ["undo.command", "undo.accepted", "undo.done"]
    send(queue, "taken")
    assert drain(queue, QUEUE) == ["taken"]
    assert {value for _, attribute, value in probes.facts(HERE) if attribute == "redundant"} == {"yes"}


def test_what_is_well_needs_no_healing() -> None:
    """Called again, or for nothing: it looks first, and changes nothing."""
    with noting() as heard:
        assert actions.heal(*BUS) == {}
    assert heard.kinds == ["undo.not-needed"]
    assert probes.faults_of(*BUS) == "well"


def test_a_stage_whose_authority_is_gone_still_says_where_everything_is(stage: RunningStage) -> None:
    """Status, addresses and faults are all there, also for a process that comes only now; healed, it signs in on the same address."""
    before = stage.status()
    actions.set_fault(*AUTHORITY, {"gone": True})
    with pytest.raises(OSError, match="refused"):
        http.client.HTTPSConnection(urlsplit(before["authority"]).netloc, timeout=5).connect()
    with pytest.raises(ClientAuthenticationError):
        sign_in(before)
    now = stage.status()
    for name in ("arm", "authority", "bank", "control", "tenant", "servicebus"):
        assert now[name] == before[name]
    assert now["faults"]["identity"]["authority"]["gone"] is True
    heal = f"from firedrill.actions.stage import heal; print(heal{AUTHORITY!r})"
    done = subprocess.run([sys.executable, "-c", heal], capture_output=True, text=True, env=os.environ, check=False)
    assert (done.returncode, done.stdout) == (0, "{'gone': True}\n"), done.stderr
    assert sign_in(before)
    assert stage.status()["authority"] == before["authority"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("compute", "dbp", {"gone": True}), "compute has no faults of its own; accepted: sql, identity, servicebus"),
        (("servicebus", "sb-xxx", {"gone": True}), "servicebus has no 'sb-xxx'; accepted: sb-weu, sb-neu"),
        (
            (*BUS, {"sleepy": True}),
            "is nothing that servicebus sb-weu can have; accepted: throttled, frozen, gone, slow_s",
        ),
        ((*BUS, {"throttled": False}), "is nothing that servicebus sb-weu can have"),
        ((*AUTHORITY, {"throttled": True}), "accepted: gone, frozen, unavailable, slow_s"),
    ],
)
def test_a_fault_that_nobody_has_is_refused_before_anything_is_touched(given: Any, words: str) -> None:
    """By name, with what is accepted."""
    assert words in refusal(actions.set_fault, *given)


def test_a_fault_that_stands_is_not_laid_over() -> None:
    """The undo would mend both; whoever set the first would not know."""
    actions.set_fault(*BUS, {"slow_s": 0.01})
    assert "is at fault already: slow_s 0.01" in refusal(actions.set_fault, *BUS, {"throttled": True})
    assert probes.faults_of(*BUS) == "slow_s 0.01"


def test_a_value_that_the_stage_does_not_take_is_a_failed_fault(stage: RunningStage) -> None:
    """In the stage's own words, and nothing is wrong afterwards."""
    with noting() as heard, pytest.raises(ActivityFailed, match="slow_s"):
        actions.set_fault(*BUS, {"slow_s": "long"})
    assert heard.kinds == ["fault.command", "fault.failed"]
    assert probes.faults_of(*BUS) == "well"


def test_a_target_that_does_not_name_the_stage_keeps_it_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The allow-list is asked as for every other resource."""
    monkeypatch.setenv("FIREDRILL_ALLOW", "servicebus/sb-weu")
    assert "stage/stage is not in the target's allow-list" in refusal(actions.set_fault, *BUS, {"gone": True})


def test_where_there_is_no_stage_it_is_refused_with_what_to_drill_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a subscription, where the environment names no stage. Healing says where it would find one."""
    monkeypatch.setenv("FIREDRILL_STAGE", "")
    words = refusal(actions.set_fault, *BUS, {"throttled": True})
    assert "nobody can ask Azure for" in words
    assert "firedrill.actions.servicebus.set_status, as in the drill bus-a-down" in words
    assert probes.facts(HERE) == []
    with pytest.raises(ActivityFailed, match="firedrill stage env"):
        actions.heal(*BUS)


def test_a_namespace_that_is_killed_comes_back_with_its_fault(stage: RunningStage, queue: str) -> None:
    """What the status says is what clients meet."""
    actions.set_fault(*BUS, {"throttled": True})
    bus = next(child for child in stage.children() if child.pid == stage.status()["processes"]["sb-weu"]["pid"])
    bus.kill()
    until(lambda: stage.status()["processes"]["sb-weu"]["pid"] not in (None, bus.pid), 20, "started again")
    assert probes.faults_of(*BUS) == "throttled"
    until(lambda: is_busy(queue), 20, "busy")


def is_busy(connection: str) -> bool:
    """Whether it answers so; while it starts it does not answer at all."""
    from azure.servicebus.exceptions import ServiceBusError

    try:
        send(connection, "no")
    except ServiceBusServerBusyError:
        return True
    except ServiceBusError:
        return False
    return False
