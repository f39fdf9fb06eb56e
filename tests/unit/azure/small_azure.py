"""A resource group as data, answered to `firedrill.azure.discover` in place of ARM: for groups that no stage has."""

from typing import Any

from firedrill.azure.arm import PERMISSIONS, Reply

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
ROOT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
NOT_FOUND = Reply(404, {"error": {"code": "ResourceNotFound", "message": "It is not there."}})


class SmallAzure:
    """`add` puts things below a resource group or below another thing; what was not added is not there."""

    subscription = SUBSCRIPTION

    def __init__(self, *groups: str) -> None:
        self._lists: dict[str, list[dict[str, Any]]] = {f"{ROOT}/{group}/resources": [] for group in groups}
        self._things: dict[str, dict[str, Any]] = {}

    def add(self, group: str, kind: str, name: str, location: str = "westeurope", **more: Any) -> str:
        """The new thing's id. `sku` is a name, everything else one of its properties."""
        return self.put(f"{ROOT}/{group}/resources", f"{ROOT}/{group}/providers/{kind}", kind, name, location, **more)

    def below(self, parent: str, kind: str, name: str, **properties: Any) -> str:
        return self.put(f"{parent}/{kind}", f"{parent}/{kind}", kind, name, "", **properties)

    def thing(self, path: str) -> None:
        self._things[path] = {"id": path}

    def permit(self, scope: str, *permissions: dict[str, Any]) -> None:
        self._lists[f"{scope}/{PERMISSIONS[0]}"] = list(permissions)

    def put(self, place: str, path: str, kind: str, name: str, location: str, sku: str = "", **properties: Any) -> str:
        thing = {"id": f"{path}/{name}", "name": name, "type": kind, "location": location, "sku": {"name": sku}}
        thing["properties"] = properties
        self._lists.setdefault(place, []).append(thing)
        self._things[thing["id"]] = thing
        return str(thing["id"])

    def get(self, path: str, version: str) -> Reply:
        return Reply(200, self._things[path]) if path in self._things else NOT_FOUND

    def list(self, scope: str, what: tuple[str, str]) -> tuple[Reply, list[dict[str, Any]]]:
        found = self._lists.get(f"{scope}/{what[0]}")
        return (NOT_FOUND, []) if found is None else (Reply(200, {}), found)
