"""What a client asks before its first question: versions, groups, resources, and as much OpenAPI as `kubectl apply` needs.

The OpenAPI document is empty: no kind is described, so clients validate nothing and the server does.
"""

from typing import Any

from azsim.kubernetes.kinds import GROUPS, REVIEW_GROUP, resources
from azsim.kubernetes.nodes import VERSION

# The field `swagger` (1, a string) of the message openapi.v2.Document; clients ask for it as a Protocol Buffer.
OPENAPI_PROTOBUF = b"\x0a\x032.0"
OPENAPI = {"swagger": "2.0", "info": {"title": "Kubernetes", "version": VERSION}, "paths": {}, "definitions": {}}
ALL_GROUPS = {**{group: versions for group, versions in GROUPS.items() if group}, REVIEW_GROUP: ("v1",)}


def answer(path: str) -> dict[str, Any] | None:
    """The document at a path; None when there is none."""
    match path.strip("/").split("/"):
        case ["version"]:
            return version()
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["api", "v1"]:
            return listed("", "v1")
        case ["apis", *rest]:
            return below_apis(rest)
    return None


def below_apis(words: list[str]) -> dict[str, Any] | None:
    match words:
        case []:
            groups = [{key: value for key, value in group(name).items() if key != "kind"} for name in ALL_GROUPS]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        case [name] if name in ALL_GROUPS:
            return group(name)
        case [name, each] if each in ALL_GROUPS.get(name, ()):
            return listed(name, each)
    return None


def version() -> dict[str, str]:
    major, minor, _ = VERSION.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "none",
        "platform": "rehearsal/stage",
    }


def group(name: str) -> dict[str, Any]:
    versions = [{"groupVersion": f"{name}/{each}", "version": each} for each in ALL_GROUPS[name]]
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": versions,
        "preferredVersion": versions[0],
    }


def listed(name: str, each: str) -> dict[str, Any]:
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{name}/{each}".removeprefix("/"),
        "resources": resources(name, each),
    }
