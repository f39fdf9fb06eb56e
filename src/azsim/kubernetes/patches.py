"""The three patches that `kubectl` and the clients send: merge (RFC 7386), JSON (RFC 6902) and strategic merge.

Pure functions on plain data; what is given is never changed. Strategic merge knows the merge keys of the kinds that
the stage has, and the directives that `kubectl apply` writes.
"""

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any

from azsim.kubernetes import refusals

# Lists that are merged by a key of their items, by the name of the field; all other lists are replaced.
MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "imagePullSecrets": "name",
    "ownerReferences": "uid",
    "conditions": "type",
    "addresses": "type",
    "taints": "key",
    "hostAliases": "ip",
    "secrets": "name",
    "topologySpreadConstraints": "topologyKey",
}
PRIMITIVES = {"finalizers"}
DELETE_FROM, ORDER, DIRECTIVE, RETAIN = "$deleteFromPrimitiveList/", "$setElementOrder/", "$patch", "$retainKeys"


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386: objects are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def strategic(target: Any, patch: Mapping[str, Any]) -> dict[str, Any]:
    """A merge in which lists of named things are merged by name."""
    if patch.get(DIRECTIVE) == "replace":
        return {name: value for name, value in patch.items() if name != DIRECTIVE}
    result = dict(target) if isinstance(target, dict) else {}
    if RETAIN in patch:
        result = {name: value for name, value in result.items() if name in patch[RETAIN]}
    for name, value in patch.items():
        if name.startswith(DELETE_FROM):
            field = name.removeprefix(DELETE_FROM)
            result[field] = [item for item in result.get(field) or [] if item not in value]
        elif name.startswith(ORDER) or name in (DIRECTIVE, RETAIN):
            continue
        elif value is None:
            result.pop(name, None)
        else:
            order = patch.get(ORDER + name)
            result[name] = merged_field(name, result.get(name), value, order)
    return in_order(result, patch)


def merged_field(name: str, before: Any, value: Any, order: Any) -> Any:
    if isinstance(value, dict):
        return strategic(before, value)
    key = key_for(name, value)
    if isinstance(value, list) and key:
        return merged_list(before or [], value, key)
    if isinstance(value, list) and (name in PRIMITIVES or order):
        return [*(before or []), *(item for item in value if item not in (before or []))]
    return value


def key_for(name: str, items: Any) -> str | None:
    """`ports` are merged by another key in a container than in a service."""
    if name == "ports" and isinstance(items, list):
        return "port" if any("port" in item for item in items if isinstance(item, dict)) else "containerPort"
    return MERGE_KEYS.get(name)


def merged_list(before: list[Any], patch: list[Any], key: str) -> list[Any]:
    if any(item.get(DIRECTIVE) == "replace" for item in patch):
        return [item for item in patch if DIRECTIVE not in item]
    result = list(before)
    for item in patch:
        if key not in item:
            raise refusals.bad_request(f"map: {item} does not contain declared merge key: {key}")
        place = next((n for n, old in enumerate(result) if old.get(key) == item[key]), None)
        if item.get(DIRECTIVE) == "delete":
            result = [old for old in result if old.get(key) != item[key]]
        elif place is None:
            result.append(strategic({}, item))
        else:
            result[place] = strategic(result[place], item)
    return result


def in_order(result: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Lists in the order that the patch asks for; what it does not name comes last, as it was."""
    for name in patch:
        field = name.removeprefix(ORDER)
        if name.startswith(ORDER) and isinstance(result.get(field), list):
            key = key_for(field, result[field])
            wanted = [item.get(key) if isinstance(item, dict) and key else item for item in patch[name]]
            places = {str(value): place for place, value in enumerate(wanted)}
            result[field] = sorted(result[field], key=partial(place_of, key, places))
    return result


def place_of(key: str | None, places: Mapping[str, int], item: Any) -> int:
    value = item.get(key) if isinstance(item, dict) and key else item
    return places.get(str(value), len(places))


def json_patch(target: Any, operations: list[dict[str, Any]]) -> Any:
    """RFC 6902; Refused (422) when an operation cannot be done, and then nothing of it is."""
    document = copy.deepcopy(target)
    for operation in operations:
        try:
            document = applied(document, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            message = f"the server rejected our request due to an error in our request: {operation}: {error}"
            raise refusals.Refused(422, "Invalid", message) from None
    return document


def applied(document: Any, operation: Mapping[str, Any]) -> Any:
    path, what = pointer(operation["path"]), operation["op"]
    if what == "test":
        if reach(document, path) != operation["value"]:
            raise ValueError("test failed")
        return document
    if what in ("move", "copy"):
        source = pointer(operation["from"])
        value = copy.deepcopy(reach(document, source))
        document = removed(document, source) if what == "move" else document
        return put(document, path, value, insert=True)
    if what == "remove":
        return removed(document, path)
    if what not in ("add", "replace"):
        raise ValueError(f"unknown operation {what!r}")
    if what == "replace":
        reach(document, path)
    return put(document, path, operation["value"], insert=what == "add")


def pointer(text: str) -> list[str]:
    """The words of a JSON pointer: those of "/a/b~1c" are "a" and "b/c"."""
    if text and not text.startswith("/"):
        raise ValueError(f"{text!r} is not a JSON pointer")
    return [word.replace("~1", "/").replace("~0", "~") for word in text.split("/")[1:]]


def reach(document: Any, path: list[str]) -> Any:
    for word in path:
        document = document[int(word)] if isinstance(document, list) else document[word]
    return document


def put(document: Any, path: list[str], value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    place, last = reach(document, path[:-1]), path[-1]
    if not isinstance(place, list):
        place[last] = value
    elif insert:
        index = len(place) if last == "-" else int(last)
        if not 0 <= index <= len(place):
            raise IndexError(f"no place {last} in a list of {len(place)}")
        place.insert(index, value)
    else:
        place[int(last)] = value
    return document


def removed(document: Any, path: list[str]) -> Any:
    place, last = reach(document, path[:-1]), path[-1]
    if isinstance(place, list):
        del place[int(last)]
    else:
        del place[last]
    return document


def three_way(last: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The strategic patch to `wanted` that also takes away what `last` had and `wanted` has not, as `kubectl apply` does."""
    patch: dict[str, Any] = {name: None for name in last or {} if name not in wanted}
    for name, value in wanted.items():
        before = (last or {}).get(name)
        key = key_for(name, value)
        if isinstance(value, dict):
            patch[name] = three_way(before if isinstance(before, dict) else {}, value)
        elif isinstance(value, list) and key and isinstance(before, list):
            old = {item[key]: item for item in before}
            new = [three_way(old.pop(item[key], {}), item) for item in value]
            patch[name] = [*new, *({key: gone, DIRECTIVE: "delete"} for gone in old)]
        else:
            patch[name] = value
    return patch
