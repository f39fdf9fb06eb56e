"""Manifests: read from files and folders, applied as `kubectl apply` does, or made from the short form of the settings."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from azsim.errors import StageError
from azsim.kubernetes import changes, patches, refusals
from azsim.kubernetes.kinds import BY_NAME, NAMESPACE, Kind
from azsim.kubernetes.models import REGION_LABEL
from azsim.kubernetes.pod import SHARED_NOTE
from azsim.kubernetes.store import Object, Store
from azsim.settings import WorkloadSpec

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SUFFIXES = (".yaml", ".yml", ".json")
# Made by the stage in every namespace: connection strings, and settings that may change while it runs.
CONNECTIONS, SETTINGS = "azure-connections", "stage-settings"


class Document(NamedTuple):
    """One object of a file; `place` is the file and the number of the document, for errors."""

    place: str
    kind: Kind
    namespace: str
    thing: Object


def read(manifests: Sequence[Path]) -> list[Document]:
    """All documents, namespaces first; StageError names what cannot be read or is not known."""
    found = [document for path in manifests for file in files(path) for document in documents(file)]
    return sorted(found, key=lambda document: document.kind is not NAMESPACE)


def files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)


def documents(file: Path) -> Iterator[Document]:
    try:
        loaded = list(yaml.load_all(file.read_text(), LOADER))
    except (OSError, yaml.YAMLError) as error:
        raise StageError(f"cannot read the manifest {file}: {error}", "correct the file") from error
    for number, thing in enumerate(loaded, 1):
        if thing is not None:
            yield from objects(f"{file}, document {number}", thing)


def objects(place: str, thing: Any) -> Iterator[Document]:
    """One object, or those of a List."""
    said = thing if isinstance(thing, dict) else {}
    if said.get("kind") == "List":
        for one in said.get("items") or []:
            yield from objects(place, one)
        return
    kind = BY_NAME.get((said.get("apiVersion", ""), said.get("kind", "")))
    if kind is None:
        known = ", ".join(sorted({name for _, name in BY_NAME}))
        what = f"{place}: the stage has no kind {said.get('kind')!r} of {said.get('apiVersion')!r}"
        raise StageError(what, f"use one of: {known}; leave other kinds in files that the stage is not given")
    namespace = (said.get("metadata") or {}).get("namespace") or "default"
    yield Document(place, kind, namespace if kind.namespaced else "", said)


def apply(store: Store, document: Document) -> None:
    """Create it, or change what is there by the three-way patch; StageError names the place when it is refused."""
    kind, thing = document.kind, document.thing
    metadata = thing.get("metadata") or {}
    noted = {**(metadata.get("annotations") or {}), LAST_APPLIED: as_applied(document)}
    wanted = {**thing, "metadata": {**metadata, "annotations": noted}}
    try:
        before = store.find(kind, document.namespace, metadata.get("name") or "")
        if before is None:
            changes.create(store, kind, document.namespace, wanted)
        else:
            changes.replace(store, kind, before, patches.strategic(before, patches.three_way(applied(before), wanted)))
    except refusals.Refused as refused:
        raise StageError(f"{document.place}: {refused.message}", "correct the manifest") from refused


def as_applied(document: Document) -> str:
    """As `kubectl` writes it, to the letter: applying the same file with it later changes nothing."""
    metadata = {"annotations": {}, **(document.thing.get("metadata") or {})}
    metadata |= {"namespace": document.namespace} if document.namespace else {}
    return msgspec.json.encode({**document.thing, "metadata": metadata}, order="sorted").decode() + "\n"


def applied(thing: Object) -> Object:
    """What was applied last."""
    text = (thing["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    last: Object = msgspec.json.decode(text) if text else {}
    return last


def of_workload(workload: WorkloadSpec) -> list[dict[str, Any]]:
    """A Deployment, and a Service when the workload says how to tell that it is ready.

    Its pods share 127.0.0.1: each is told in PORT where to listen.
    """
    labels = {"app": workload.name}
    metadata = {"name": workload.name, "labels": labels}
    template = {
        "metadata": {"labels": labels, "annotations": {SHARED_NOTE: "shared"}},
        "spec": {"terminationGracePeriodSeconds": 5, "containers": [container_of(workload)]},
    }
    spec = {"replicas": workload.per_region, "selector": {"matchLabels": labels}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    if not workload.ready:
        return [deployment]
    service = {"selector": labels, "ports": [{"port": 80, "targetPort": "http"}]}
    return [deployment, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service}]


def container_of(workload: WorkloadSpec) -> dict[str, Any]:
    fields = {"INSTANCE": "metadata.name", "REGION": f"metadata.labels['{REGION_LABEL}']"}
    told = [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()]
    probe = {"httpGet": {"path": workload.ready, "port": "http"}, "periodSeconds": 1}
    made = {
        "name": workload.name,
        "image": workload.name,
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [*told, *({"name": name, "value": value.replace("$", "$$")} for name, value in workload.env.items())],
        "envFrom": [
            {"secretRef": {"name": CONNECTIONS, "optional": True}},
            {"configMapRef": {"name": SETTINGS, "optional": True}},
        ],
        "resources": {"requests": {"cpu": "250m"}},
    }
    return {**made, "readinessProbe": probe} if workload.ready else made
