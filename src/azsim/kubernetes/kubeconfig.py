"""Kubeconfig files: what `KUBECONFIG` names, readable only for whom the stage runs."""

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml


class Access(NamedTuple):
    """One cluster as a client reaches it; its name is also its context's."""

    name: str
    url: str
    token: str


def write(path: Path, ca: Path, clusters: Sequence[Access]) -> Path:
    """One file with a context per cluster; the first is the current one."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        yaml.safe_dump(document(ca, clusters), file, sort_keys=False)
    return path


def document(ca: Path, clusters: Sequence[Access]) -> dict[str, Any]:
    authority = base64.b64encode(ca.read_bytes()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": each.name, "cluster": {"server": each.url, "certificate-authority-data": authority}}
            for each in clusters
        ],
        "users": [{"name": each.name, "user": {"token": each.token}} for each in clusters],
        "contexts": [
            {"name": each.name, "context": {"cluster": each.name, "user": each.name, "namespace": "default"}}
            for each in clusters
        ],
        "current-context": clusters[0].name,
    }
