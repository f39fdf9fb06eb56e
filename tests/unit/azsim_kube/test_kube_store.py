"""The store and what is read from it: versions, conflicts, what a watcher sees, selectors, pages."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.kubernetes import paths, selectors, watching
from azsim.kubernetes.kinds import NAMESPACE, POD, SECRET
from azsim.kubernetes.refusals import Refused
from azsim.kubernetes.store import KEPT_CHANGES, Store
from azsim.kubernetes.tables import age

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
WANTED = paths.Wanted(SECRET, "v1", "", "", "")


@pytest.fixture
def store() -> Store:
    return Store(lambda: NOW)


def secret(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "bank", "labels": labels}}


def test_a_change_on_an_old_version_is_a_conflict(store: Store) -> None:
    """One of two writers wins; without a version one overwrites."""
    first = store.create(SECRET, secret("a"))
    store.update(SECRET, {**first, "data": {"x": "1"}})
    with pytest.raises(Refused) as refused:
        store.update(SECRET, {**first, "data": {"x": "2"}})
    assert (refused.value.code, refused.value.reason) == (409, "Conflict")
    assert store.update(SECRET, {**secret("a"), "data": {"x": "3"}})["data"] == {"x": "3"}
    assert first.get("data") is None


def test_a_change_that_changes_nothing_is_none(store: Store) -> None:
    """No version, no event: controllers that write the same come to rest."""
    first = store.create(SECRET, secret("a"))
    version = store.version
    assert store.update(SECRET, secret("a")) == first
    assert store.version == version


def test_only_the_spec_moves_the_generation(store: Store) -> None:
    """Status and labels do not."""
    made = store.create(POD, {"metadata": {"name": "p", "namespace": "bank"}, "spec": {"a": 1}, "status": {}})
    after = store.update(POD, {**made, "status": {"phase": "Running"}})
    assert after["metadata"]["generation"] == 1
    assert store.update(POD, {**after, "spec": {"a": 2}})["metadata"]["generation"] == 2


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "delete"]), st.sampled_from("abc"), st.sampled_from(["red", "blue"])),
        max_size=30,
    ),
    start=st.integers(0, 30),
)
def test_a_watcher_with_a_selector_ends_up_with_what_a_list_shows(
    steps: list[tuple[str, str, str]], start: int
) -> None:
    """From any version on, its events turn the list of then into the list of now."""
    store = Store(lambda: NOW)
    view = watching.watched(WANTED, {"labelSelector": "colour=red"})
    seen: dict[str, Any] = {}
    version = 0
    for number, (step, name, colour) in enumerate(steps):
        if number == start:
            things, metadata = watching.listed(store, view, {})
            seen, version = {thing["metadata"]["name"]: thing for thing in things}, int(metadata["resourceVersion"])
        if step == "put" and store.find(SECRET, "bank", name):
            store.update(SECRET, secret(name, colour=colour))
        elif step == "put":
            store.create(SECRET, secret(name, colour=colour))
        elif store.find(SECRET, "bank", name):
            store.delete(SECRET, "bank", name)
    for type_, thing in watching.beginning(store, view, version) if version else view.events(store.since(0)):
        name = thing["metadata"]["name"]
        assert (name in seen) == (type_ != "ADDED")
        seen[name] = thing
        if type_ == "DELETED":
            del seen[name]
    assert seen == {thing["metadata"]["name"]: thing for thing in watching.listed(store, view, {})[0]}


def test_what_is_forgotten_is_gone(store: Store) -> None:
    """410, in the stream of a watch and for the next page of a list."""
    made = store.create(SECRET, secret("a"))
    for number in range(KEPT_CHANGES):
        store.update(SECRET, {**secret("a"), "data": {"n": str(number)}})
    view = watching.watched(WANTED, {})
    ((type_, status),) = watching.beginning(store, view, int(made["metadata"]["resourceVersion"]) - 1)
    assert (type_, status["code"], status["reason"]) == ("ERROR", 410, "Expired")
    assert watching.beginning(store, view, store.version) == []
    token = paths.to_token(paths.Continuation(1, "bank", "a"))
    with pytest.raises(Refused) as refused:
        watching.listed(store, view, {"continue": token})
    assert refused.value.code == 410


def test_pages_hold_each_object_once(store: Store) -> None:
    """Walked to the end by the continue token."""
    for name in "edcba":
        store.create(SECRET, secret(name))
    view, found, query = watching.watched(WANTED, {}), [], {"limit": "2"}
    for _ in range(3):
        things, metadata = watching.listed(store, view, query)
        found += [thing["metadata"]["name"] for thing in things]
        query = {"limit": "2", "continue": metadata.get("continue", "")}
    assert (found, query["continue"]) == (list("abcde"), "")


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier!=db", True),
        ("app in (web, api)", True),
        ("app notin (web)", False),
        ("app", True),
        ("!app", False),
        ("!old, app", True),
        ("tier=db", False),
    ],
)
def test_label_selectors(text: str, matches: bool) -> None:
    """As Kubernetes reads them."""
    assert selectors.by_labels(text)(secret("a", app="web")) is matches


@pytest.mark.parametrize("text", ["=", "app in", "app in (a", "a=b c", ","])
def test_selectors_that_cannot_be_read_are_refused(text: str) -> None:
    """400, never everything and never nothing."""
    with pytest.raises(Refused) as refused:
        selectors.by_labels(text)
    assert refused.value.code == 400


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/api/v1/pods", (POD, "", "", "")),
        ("/api/v1/namespaces/bank/pods/p/log", (POD, "bank", "p", "log")),
        ("/api/v1/namespaces/bank", (NAMESPACE, "", "bank", "")),
        ("/api/v1/namespaces/bank/status", (NAMESPACE, "", "bank", "status")),
    ],
)
def test_paths_of_resources(path: str, wanted: tuple[Any, ...]) -> None:
    """Kind, namespace, name and subresource."""
    found = paths.parse(path)
    assert found is not None
    assert (found.kind, found.namespace, found.name, found.subresource) == wanted


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/cows", "/apis/apps/v2/deployments", "/api/v1/namespaces/a/nodes", "/api/v1/pods/a/b/c/d"]
)
def test_paths_that_are_no_resource(path: str) -> None:
    """None: the answer is 404."""
    assert paths.parse(path) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (119, "119s"), (125, "2m5s"), (600, "10m"), (10_800, "3h"), (200_000, "2d")]
)
def test_ages_are_as_short_as_kubectls(seconds: int, text: str) -> None:
    """The last column of `kubectl get`."""
    born = datetime.fromtimestamp(NOW.timestamp() - seconds, UTC).isoformat()
    assert age({"metadata": {"creationTimestamp": born}}, NOW) == text
