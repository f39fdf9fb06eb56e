"""Azure Resource Graph over what Compute has: machines, scale sets, clusters. It answers what chaosazure asks first.

A query that is not understood, or that looks for a type of resource that is not held here, is refused: an empty
answer would read as "there is none".
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from azsim.arm.requests import Answer, ArmRequest, Routes, same
from azsim.arm.routes import World
from azsim.compute.kql import ACCEPTED, NotUnderstood, Query, Row, parse
from azsim.compute.models import CLUSTERS, MACHINES, SETS
from azsim.errors import ArmError

TYPES = (MACHINES, SETS, CLUSTERS)
COLUMNS = (
    "id",
    "name",
    "type",
    "tenantId",
    "kind",
    "location",
    "resourceGroup",
    "subscriptionId",
    "managedBy",
    "sku",
    "plan",
    "properties",
    "tags",
    "identity",
    "zones",
    "extendedLocation",
)
OBJECTS = {"sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation"}


class Graph:
    """`resources` builds all of them anew for each query."""

    def __init__(self, world: World, resources: Callable[[], Sequence[dict[str, Any]]], seed: int) -> None:
        self._world = world
        self._resources = resources
        self._random = Random(f"{seed}/graph/sample")

    def add_to(self, routes: Routes) -> None:
        routes.add("POST", "/providers/Microsoft.ResourceGraph/resources", self.answer)

    def answer(self, request: ArmRequest) -> Answer:
        body = request.body if isinstance(request.body, dict) else {}
        query = understood(str(body.get("query", "")), self._random)
        rows = query.run(self._rows(body.get("subscriptions")))
        shape = (body.get("options") or {}).get("resultFormat", "objectArray")
        said = {"totalRecords": len(rows), "count": len(rows), "resultTruncated": "false", "facets": []}
        return Answer(200, {**said, "data": as_table(rows) if shape == "table" else rows})

    def _rows(self, subscriptions: Any) -> list[Row]:
        """Every resource as the graph has it; none when the asker means other subscriptions."""
        ours = self._world.subscription
        if subscriptions and not any(same(str(each), ours) for each in subscriptions):
            return []
        return [self._row(each) for each in self._resources()]

    def _row(self, resource: dict[str, Any]) -> Row:
        known = {
            "type": resource["type"].lower(),
            "tenantId": self._world.tenant,
            "resourceGroup": self._world.resource_group.lower(),
            "subscriptionId": self._world.subscription,
        }
        return {column: known.get(column, resource.get(column, empty(column))) for column in COLUMNS}


def understood(text: str, random: Random) -> Query:
    """ArmError 400 that says what is wrong with a query and what would be right; 501 for resources that are not held."""
    try:
        query = parse(text, random)
    except NotUnderstood as error:
        message = f"Query is invalid. The rehearsal stage: {error}. Accepted: {ACCEPTED}. The query was: {text}"
        raise ArmError(400, "InvalidQuery", message) from error
    for column, wanted in query.compared:
        if column == "type" and not any(same(wanted, each) for each in TYPES):
            message = f"the rehearsal stage's Resource Graph does not hold {wanted}; it holds {', '.join(TYPES)}"
            raise ArmError(501, "NotImplementedOnStage", message)
    return query


def empty(column: str) -> Any:
    return None if column in OBJECTS else ""


def as_table(rows: Sequence[Row]) -> dict[str, Any]:
    """Columns and rows apart, as clients of 2021 ask for."""
    columns = list(rows[0]) if rows else list(COLUMNS)
    types = {column: "object" if column in OBJECTS else "string" for column in columns}
    return {
        "columns": [{"name": name, "type": kind} for name, kind in types.items()],
        "rows": [[row[column] for column in columns] for row in rows],
    }
