"""The environment of a container, from its pod's spec, Secrets and ConfigMaps, as the kubelet resolves it."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from azsim.kubernetes.kinds import CONFIG_MAP, SECRET, Kind
from azsim.kubernetes.models import container_of
from azsim.kubernetes.store import Object, Store

REFERENCE = re.compile(r"\$\(([^()]+)\)|\$\$")
KEYED = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


class Unresolved(Exception):  # noqa: N818 - the container waits until it can be
    """Something that the pod refers to is not there; the sentence is shown as CreateContainerConfigError."""


def environment_of(store: Store, pod: Object) -> dict[str, str]:
    """`envFrom` first, then `env` in order, in which a value may name earlier ones: `$(NAME)`."""
    container = container_of(pod)
    found: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        found |= from_source(store, pod, source)
    for one in container.get("env") or []:
        value = expanded(one.get("value") or "", found) if "valueFrom" not in one else None
        if value is None:
            value = from_reference(store, pod, one["valueFrom"])
        if value is not None:
            found[one["name"]] = value
    return found


def expanded(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` becomes its value, stays when there is none; `$$` is a dollar."""
    return REFERENCE.sub(lambda match: known.get(match[1], match[0]) if match[1] else "$", text)


def from_source(store: Store, pod: Object, source: Mapping[str, Any]) -> dict[str, str]:
    kind, reference = (SECRET, source["secretRef"]) if "secretRef" in source else (CONFIG_MAP, source["configMapRef"])
    data = data_of(store, pod, kind, reference)
    return {source.get("prefix", "") + name: value for name, value in (data or {}).items()}


def from_reference(store: Store, pod: Object, source: Mapping[str, Any]) -> str | None:
    """The value; None when it is optional and not there."""
    if "fieldRef" in source:
        return from_field(pod, source["fieldRef"]["fieldPath"])
    for word, kind in (("secretKeyRef", SECRET), ("configMapKeyRef", CONFIG_MAP)):
        if word in source:
            reference = source[word]
            data = data_of(store, pod, kind, reference)
            if data is not None and reference["key"] in data:
                return data[reference["key"]]
            if reference.get("optional"):
                return None
            raise Unresolved(f"couldn't find key {reference['key']} in {kind.name} {place(pod, reference)}")
    raise Unresolved(f"the stage does not emulate {', '.join(source)} in valueFrom")


def data_of(store: Store, pod: Object, kind: Kind, reference: Mapping[str, Any]) -> dict[str, str] | None:
    thing = store.find(kind, pod["metadata"]["namespace"], reference["name"])
    if thing is None:
        if reference.get("optional"):
            return None
        raise Unresolved(f'{kind.name.lower()} "{reference["name"]}" not found')
    data = thing.get("data") or {}
    return {name: decoded(value) for name, value in data.items()} if kind is SECRET else data


def decoded(value: str) -> str:
    return base64.b64decode(value).decode(errors="replace")


def place(pod: Object, reference: Mapping[str, Any]) -> str:
    return f"{pod['metadata']['namespace']}/{reference['name']}"


FIELDS: Mapping[str, Callable[[Object], str]] = {
    "metadata.name": lambda pod: str(pod["metadata"]["name"]),
    "metadata.namespace": lambda pod: str(pod["metadata"]["namespace"]),
    "metadata.uid": lambda pod: str(pod["metadata"]["uid"]),
    "spec.nodeName": lambda pod: str(pod["spec"]["nodeName"]),
    "spec.serviceAccountName": lambda pod: str(pod["spec"].get("serviceAccountName", "default")),
    "status.podIP": lambda pod: str(pod["status"]["podIP"]),
    "status.hostIP": lambda pod: str(pod["status"]["hostIP"]),
}


def from_field(pod: Object, path: str) -> str:
    if path in FIELDS:
        return FIELDS[path](pod)
    keyed = KEYED.fullmatch(path)
    if keyed is None:
        raise Unresolved(f"the stage does not emulate fieldPath {path}")
    return str((pod["metadata"].get(keyed[1]) or {}).get(keyed[2], ""))
