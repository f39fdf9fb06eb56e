"""Patches: pure, and what `kubectl apply` makes of them comes out as the file says."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.kubernetes.patches import json_patch, merge, strategic, three_way
from azsim.kubernetes.refusals import Refused

words = st.sampled_from(["a", "b", "c"])
plain = st.recursive(
    st.integers(0, 3) | words,
    lambda inner: st.dictionaries(words, inner, max_size=3) | st.lists(words, max_size=3),
    max_leaves=8,
)
things = st.dictionaries(words, plain, max_size=3)
env = st.lists(st.fixed_dictionaries({"name": words, "value": words}), max_size=3, unique_by=lambda one: one["name"])
container = st.fixed_dictionaries({"name": words, "image": words}, optional={"env": env, "args": st.lists(words)})
specs = st.fixed_dictionaries(
    {"containers": st.lists(container, min_size=1, max_size=3, unique_by=lambda one: one["name"])},
    optional={"extra": things},
)


@settings(max_examples=100)
@given(target=things, patch=things)
def test_a_merge_patch_is_idempotent_and_pure(target: dict[str, Any], patch: dict[str, Any]) -> None:
    """Twice is once, and what was given is as it was."""
    kept = copy.deepcopy((target, patch))
    once = merge(target, patch)
    assert merge(once, patch) == once
    assert (target, patch) == kept


def test_merge_patch_removes_with_null_and_replaces_lists() -> None:
    """RFC 7386."""
    assert merge({"a": {"b": 1, "c": 2}, "l": [1, 2]}, {"a": {"b": None}, "l": [3]}) == {"a": {"c": 2}, "l": [3]}


@settings(max_examples=200)
@given(last=specs, wanted=specs, live=things)
def test_applying_another_file_gives_what_the_file_says(
    last: dict[str, Any], wanted: dict[str, Any], live: dict[str, Any]
) -> None:
    """Whatever was applied before is gone unless it is wanted; what others added stays."""
    before = {**{f"live-{name}": value for name, value in live.items()}, **last}
    kept = copy.deepcopy(before)
    after = strategic(before, three_way(last, wanted))
    assert before == kept
    assert {name: value for name, value in after.items() if name.startswith("live-")} == {
        name: value for name, value in before.items() if name.startswith("live-")
    }
    said = {name: value for name, value in after.items() if not name.startswith("live-")}
    assert by_name(without_empty(said)) == by_name(without_empty(wanted))


def by_name(spec: dict[str, Any]) -> dict[str, Any]:
    """Lists of named things in one order: a merge keeps the order that was there."""
    containers = [
        {**one, "env": sorted(one.get("env") or [], key=lambda each: str(each["name"]))}
        for one in sorted(spec["containers"], key=lambda each: str(each["name"]))
    ]
    return {**spec, "containers": containers}


def without_empty(value: Any) -> Any:
    """An object that lost its last key is an empty one, not an absent one."""
    if isinstance(value, dict):
        return {k: v for k, v in ((k, without_empty(v)) for k, v in value.items()) if v != {}}
    return [without_empty(one) for one in value] if isinstance(value, list) else value


def test_named_lists_are_merged_by_name_and_ordered_as_asked() -> None:
    """Containers by name, ports by number, a deleted one gone, the order of the patch."""
    target = {"containers": [{"name": "a", "image": "1", "ports": [{"containerPort": 1}]}, {"name": "b", "image": "2"}]}
    patch = {
        "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
        "containers": [
            {"name": "c", "image": "3"},
            {"name": "a", "ports": [{"containerPort": 2}]},
            {"name": "b", "$patch": "delete"},
        ],
    }
    names = [(one["name"], one["image"]) for one in strategic(target, patch)["containers"]]
    assert names == [("c", "3"), ("a", "1")]
    assert strategic(target, patch)["containers"][1]["ports"] == [{"containerPort": 1}, {"containerPort": 2}]


def test_directives_replace_retain_and_delete_primitives() -> None:
    """What kubectl writes besides plain values."""
    assert strategic({"m": {"a": 1, "b": 2}}, {"m": {"$patch": "replace", "c": 3}}) == {"m": {"c": 3}}
    retained = strategic({"s": {"type": "x", "rolling": 1}}, {"s": {"$retainKeys": ["type"], "type": "y"}})
    assert retained == {"s": {"type": "y"}}
    assert strategic({"l": ["a", "b"]}, {"$deleteFromPrimitiveList/l": ["a"]}) == {"l": ["b"]}
    assert strategic({"args": ["a"]}, {"args": ["b"]}) == {"args": ["b"]}
    assert strategic({"m": {"a": 1}}, {"m": None}) == {}


def test_json_patch_does_all_or_nothing() -> None:
    """Operations in order; one that cannot be done refuses the whole and leaves the object alone."""
    target = {"a": {"b/c": 1}, "l": [1, 2]}
    operations = [
        {"op": "test", "path": "/a/b~1c", "value": 1},
        {"op": "replace", "path": "/a/b~1c", "value": 2},
        {"op": "add", "path": "/l/-", "value": 3},
        {"op": "add", "path": "/l/0", "value": 0},
        {"op": "copy", "from": "/l/0", "path": "/first"},
        {"op": "move", "from": "/first", "path": "/a/first"},
        {"op": "remove", "path": "/l/1"},
    ]
    assert json_patch(target, operations) == {"a": {"b/c": 2, "first": 0}, "l": [0, 2, 3]}
    assert target == {"a": {"b/c": 1}, "l": [1, 2]}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "replace", "path": "/none", "value": 2},
        {"op": "remove", "path": "/l/7"},
        {"op": "add", "path": "/l/9", "value": 1},
        {"op": "hop", "path": "/a", "value": 1},
        {"op": "add", "path": "a", "value": 1},
        {"op": "add"},
    ],
    ids=lambda operation: "-".join(str(value) for value in operation.values()),
)
def test_an_operation_that_cannot_be_done_is_refused(operation: dict[str, Any]) -> None:
    """422, whatever is wrong with it."""
    with pytest.raises(Refused) as refused:
        json_patch({"a": 1, "l": [1]}, [operation])
    assert refused.value.code == 422
