"""What a container is started with, how it is judged, and how long it waits to be started again."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.kubernetes import environment
from azsim.kubernetes.container import ended_state, nice_of
from azsim.kubernetes.kinds import CONFIG_MAP, SECRET
from azsim.kubernetes.pod import image_name
from azsim.kubernetes.probes import Thresholds
from azsim.kubernetes.store import Store
from azsim.kubernetes.timings import PROFILES, Backoff, profile

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def pod(env: list[dict[str, Any]], sources: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "namespace": "bank", "uid": "u", "labels": {"zone": "1"}},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "env": env, "envFrom": sources or []}]},
        "status": {"podIP": "127.1.1.1", "hostIP": "127.1.1.2"},
    }


@pytest.fixture
def store() -> Store:
    store = Store(lambda: NOW)
    metadata = {"name": "all", "namespace": "bank"}
    store.create(SECRET, {"metadata": metadata, "data": {"key": base64.b64encode(b"hidden").decode()}})
    store.create(CONFIG_MAP, {"metadata": metadata, "data": {"key": "plain", "other": "more"}})
    return store


def test_later_and_nearer_values_win(store: Store) -> None:
    """`envFrom` in order, then `env`; a prefix is put before the names of a source."""
    sources = [
        {"secretRef": {"name": "all"}},
        {"configMapRef": {"name": "all"}},
        {"configMapRef": {"name": "all"}, "prefix": "P_"},
    ]
    found = environment.environment_of(store, pod([{"name": "other", "value": "own"}], sources))
    assert found == {"key": "plain", "other": "own", "P_key": "plain", "P_other": "more"}


def test_fields_and_references(store: Store) -> None:
    """By path, by key of a label, out of a Secret."""
    paths = {"A": "metadata.name", "B": "status.podIP", "C": "metadata.labels['zone']", "D": "spec.nodeName"}
    env = [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in paths.items()]
    env.append({"name": "E", "valueFrom": {"secretKeyRef": {"name": "all", "key": "key"}}})
    found = environment.environment_of(store, pod(env))
    assert found == {"A": "p", "B": "127.1.1.1", "C": "1", "D": "n", "E": "hidden"}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"secretKeyRef": {"name": "none", "key": "key"}}, 'secret "none" not found'),
        ({"configMapKeyRef": {"name": "all", "key": "none"}}, "couldn't find key none in ConfigMap bank/all"),
        ({"fieldRef": {"fieldPath": "metadata.mood"}}, "does not emulate fieldPath metadata.mood"),
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, "does not emulate resourceFieldRef"),
    ],
)
def test_what_cannot_be_resolved_is_named(store: Store, source: dict[str, Any], words: str) -> None:
    """The sentence that CreateContainerConfigError shows."""
    with pytest.raises(environment.Unresolved, match=words):
        environment.environment_of(store, pod([{"name": "X", "valueFrom": source}]))


def test_pauses_double_to_the_longest_and_start_again_after_a_long_life() -> None:
    """Exactly: 0.2 s to 5 s when brisk, 10 s to 300 s as on Azure."""
    brisk, azure = Backoff(), Backoff()
    assert [brisk.pause_s(0, PROFILES["brisk"]) for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert [azure.pause_s(0, PROFILES["azure"]) for _ in range(7)] == [10, 20, 40, 80, 160, 300, 300]
    assert brisk.pause_s(10.0, PROFILES["brisk"]) == 0.2
    with pytest.raises(ValueError, match="brisk, azure"):
        profile("slow")


@given(answers=st.lists(st.booleans(), max_size=30), good=st.integers(1, 3), bad=st.integers(1, 3))
def test_a_verdict_needs_as_many_answers_in_a_row_as_the_probe_says(answers: list[bool], good: int, bad: int) -> None:
    """And stays until the other one has as many."""
    thresholds, expected = Thresholds({"successThreshold": good, "failureThreshold": bad}), None
    for number in range(1, len(answers) + 1):
        verdict = thresholds.count(answers[number - 1])
        for wanted, needed in ((True, good), (False, bad)):
            if answers[:number][-needed:] == [wanted] * needed:
                expected = wanted
        assert verdict is expected


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("bank", "bank"),
        ("bank:1.0", "bank"),
        ("reg:5000/team/bank:1.0", "reg:5000/team/bank"),
        ("reg:5000/bank", "reg:5000/bank"),
        ("bank:1@sha256:abc", "bank"),
    ],
)
def test_an_image_is_known_without_its_tag(image: str, name: str) -> None:
    """A registry's port is not a tag."""
    assert image_name(image) == name


@pytest.mark.parametrize(("cpu", "nice"), [("1", 0), ("250m", 0), ("0.2", 5), ("100m", 5), ("99m", 10), (None, 10)])
def test_who_asks_for_less_cpu_waits_for_others(cpu: str | None, nice: int) -> None:
    """Requests become priorities."""
    requests = {"requests": {"cpu": cpu}} if cpu else {}
    assert nice_of({"name": "c", "resources": requests}) == nice


def test_an_end_by_a_signal_is_told_as_a_container_tells_it() -> None:
    """128 and the signal; 0 is Completed."""
    killed = ended_state(-9, NOW)["terminated"]
    assert (killed["exitCode"], killed["signal"], killed["reason"]) == (137, 9, "Error")
    assert ended_state(0, NOW)["terminated"]["reason"] == "Completed"
