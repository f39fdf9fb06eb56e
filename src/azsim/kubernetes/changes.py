"""Creating and changing objects as clients ask for it: bodies, patches, status and scale, dry runs.

The rules of the API, without HTTP: what the server's handlers and `apply` share.
"""

import base64
from collections.abc import Callable
from typing import Any

from azsim.kubernetes import patches, refusals
from azsim.kubernetes.admission import admitted, check_change
from azsim.kubernetes.kinds import NAMESPACE, Kind
from azsim.kubernetes.models import is_ending, random_suffix
from azsim.kubernetes.store import Object, Store

MERGE, JSON_PATCH, STRATEGIC = (
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/strategic-merge-patch+json",
)
SYSTEM_FIELDS = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")


def create(store: Store, kind: Kind, namespace: str, body: Object, *, dry_run: bool = False) -> Object:
    thing = shaped(kind, namespace, body)
    metadata = {name: value for name, value in thing["metadata"].items() if name not in SYSTEM_FIELDS}
    metadata.pop("resourceVersion", None)
    if metadata.get("generateName") and not metadata.get("name"):
        metadata["name"] = metadata["generateName"] + random_suffix()
    check_namespace(store, kind, namespace)
    made = admitted(kind, with_first_status(kind, {**thing, "metadata": metadata}))
    if not dry_run:
        return store.create(kind, made)
    if store.find(kind, namespace, metadata["name"]):
        raise refusals.exists(kind, metadata["name"])
    return made


def check_namespace(store: Store, kind: Kind, namespace: str) -> None:
    if not kind.namespaced:
        return
    found = store.get(NAMESPACE, "", namespace)
    if is_ending(found):
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        raise refusals.Refused(403, "Forbidden", why)


def shaped(kind: Kind, namespace: str, body: Any) -> Object:
    """The body as an object of the kind, in the namespace of the path; Refused (400) otherwise."""
    if not isinstance(body, dict):
        raise refusals.bad_request("the body is not an object")
    said = body.get("kind") or kind.name
    if said != kind.name:
        raise refusals.bad_request(f"{said} in the body does not match the kind of the path, {kind.name}")
    metadata = {name: value for name, value in (body.get("metadata") or {}).items() if value is not None}
    metadata.pop("managedFields", None)
    if kind.namespaced and metadata.setdefault("namespace", namespace) != namespace:
        where = f"({metadata['namespace']}) does not match the namespace on the request ({namespace})"
        raise refusals.bad_request(f"the namespace of the provided object {where}")
    rest = {name: value for name, value in body.items() if name not in ("apiVersion", "kind", "metadata")}
    return {"apiVersion": kind.api_version(), "kind": kind.name, "metadata": metadata, **rest}


def with_first_status(kind: Kind, thing: Object) -> Object:
    first: dict[str, Any] = {"Namespace": {"phase": "Active"}, "Pod": {"phase": "Pending"}}
    if not kind.has_status:
        return secret_data(thing)
    return {**thing, "status": first.get(kind.name, {})}


def secret_data(thing: Object) -> Object:
    """`stringData` is a way of writing `data`."""
    if thing["kind"] != "Secret" or "stringData" not in thing:
        return thing
    plain = {name: base64.b64encode(value.encode()).decode() for name, value in thing["stringData"].items()}
    rest = {name: value for name, value in thing.items() if name != "stringData"}
    return {"type": "Opaque", **rest, "data": {**(thing.get("data") or {}), **plain}}


def replace(store: Store, kind: Kind, before: Object, body: Object, *, part: str = "", dry_run: bool = False) -> Object:
    """PUT: of the object (its status stays) or of its status (the rest stays)."""
    thing = shaped(kind, before["metadata"].get("namespace", ""), body)
    if thing["metadata"].get("name", before["metadata"]["name"]) != before["metadata"]["name"]:
        raise refusals.bad_request("the name of the object does not match the name on the URL")
    version = thing["metadata"].get("resourceVersion")
    if version and version != before["metadata"]["resourceVersion"]:
        raise refusals.conflict(kind, before["metadata"]["name"])
    if part == "status":
        after = {**before, "status": thing.get("status") or {}}
    else:
        system = {name: before["metadata"][name] for name in SYSTEM_FIELDS if name in before["metadata"]}
        metadata = {**{k: v for k, v in thing["metadata"].items() if k not in SYSTEM_FIELDS}, **system}
        after = {**thing, "metadata": {**metadata, "name": before["metadata"]["name"]}}
        after = secret_data(after)
        after |= {"status": before["status"]} if kind.has_status and "status" in before else {}
        after = {**admitted(kind, after), **({"status": before["status"]} if "status" in before else {})}
        if "spec" in before:
            check_change(kind, before, after)
    return after if dry_run else store.update(kind, after)


def patched(content_type: str, target: Object, patch: Any) -> Object:
    """What a patch makes of an object, which stays as it is."""
    by_type: dict[str, Callable[[Any, Any], Any]] = {
        MERGE: patches.merge,
        JSON_PATCH: patches.json_patch,
        STRATEGIC: patches.strategic,
    }
    wanted = list if content_type == JSON_PATCH else dict
    if content_type not in by_type:
        if content_type.startswith("application/apply-patch"):
            raise refusals.not_emulated("server-side apply")
        why = f"the body of the request was in an unknown format - accepted media types include: {', '.join(by_type)}"
        raise refusals.Refused(415, "UnsupportedMediaType", why)
    if not isinstance(patch, wanted):
        raise refusals.bad_request(f"the patch is not a JSON {'array' if wanted is list else 'object'}")
    result: Object = by_type[content_type](target, patch)
    return result


def scale_of(thing: Object) -> Object:
    """The Scale of a deployment or a replica set."""
    metadata = thing["metadata"]
    kept = {name: metadata[name] for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")}
    labels = thing["spec"]["selector"].get("matchLabels") or {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": kept,
        "spec": {"replicas": thing["spec"]["replicas"]},
        "status": {
            "replicas": thing.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in labels.items()),
        },
    }


def rescaled(store: Store, kind: Kind, before: Object, scale: Any, *, dry_run: bool) -> Object:
    """Write a Scale; Refused (409) when it is based on an older version."""
    name, replicas = before["metadata"]["name"], ((scale or {}).get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        raise refusals.invalid(kind, name, "spec.replicas", "must be an integer that is not negative")
    version = (scale.get("metadata") or {}).get("resourceVersion")
    if version and version != before["metadata"]["resourceVersion"]:
        raise refusals.conflict(kind, name)
    after = {**before, "spec": {**before["spec"], "replicas": replicas}}
    return scale_of(after if dry_run else store.update(kind, after))
