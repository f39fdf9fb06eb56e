"""What Microsoft.Sql's resources look like, version 2025-01-01, as functions of the group's state. No HTTP in here.

Shapes checked against azure-mgmt-sql 4.0. Values that the stage does not model are left out rather than made up.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from azsim import clock
from azsim.identity.models import stable_id
from azsim.sql.restored import Restored

GRACE_MINUTES = 60
LISTENER = "database.windows.net"


class ServerView(NamedTuple):
    """One server now: `location` as people write it ("West Europe"), `role` Primary or Secondary, `state` CATCH_UP etc."""

    name: str
    location: str
    role: str
    state: str

    @property
    def region(self) -> str:
        return self.location.replace(" ", "").lower()


class GroupView(NamedTuple):
    """The failover group now: its two servers, and what it protects."""

    name: str
    database: str
    servers: tuple[ServerView, ServerView]

    def server(self, name: str) -> ServerView | None:
        return next((server for server in self.servers if server.name == name.lower()), None)

    def partner(self, server: ServerView) -> ServerView:
        first, second = self.servers
        return second if server == first else first


class SqlModels(NamedTuple):
    """Builds resources under one resource group's id."""

    group_id: str
    since: datetime

    def server_id(self, server: ServerView) -> str:
        return f"{self.group_id}/providers/Microsoft.Sql/servers/{server.name}"

    def database_id(self, server: ServerView, database: str) -> str:
        return f"{self.server_id(server)}/databases/{database}"

    def failover_group_id(self, server: ServerView, name: str) -> str:
        return f"{self.server_id(server)}/failoverGroups/{name}"

    def server(self, server: ServerView) -> dict[str, Any]:
        return {
            "id": self.server_id(server),
            "name": server.name,
            "type": "Microsoft.Sql/servers",
            "kind": "v12.0",
            "location": server.region,
            "tags": {},
            "properties": {
                "version": "12.0",
                "state": "Ready",
                "fullyQualifiedDomainName": f"{server.name}.{LISTENER}",
                "privateEndpointConnections": [],
                "minimalTlsVersion": "1.2",
                "publicNetworkAccess": "Enabled",
                "restrictOutboundNetworkAccess": "Disabled",
            },
        }

    def database(self, group: GroupView, server: ServerView, earliest: datetime | None = None) -> dict[str, Any]:
        """The group's own. `earliest`: the first moment that it can be restored to, where that is known."""
        properties: dict[str, Any] = {
            "status": "Online",
            "databaseId": stable_id(f"{server.name}/{group.database}"),
            "creationDate": clock.azure_time(self.since),
            "failoverGroupId": self.failover_group_id(server, group.name),
            "defaultSecondaryLocation": group.partner(server).region,
            "readScale": "Disabled",
            "zoneRedundant": False,
        }
        if server.role == "Secondary":
            properties["secondaryType"] = "Geo"
        if earliest is not None:
            properties["earliestRestoreDate"] = clock.azure_time(earliest)
        return self._database(server, group.database, {}, properties)

    def restored(self, server: ServerView, made: Restored) -> dict[str, Any]:
        properties = {
            "status": made.status,
            "databaseId": stable_id(f"{server.name}/{made.name}/{made.since}"),
            "creationDate": clock.azure_time(made.since),
            "readScale": "Disabled",
            "zoneRedundant": False,
        }
        return self._database(server, made.name, made.tags, properties)

    def _database(
        self, server: ServerView, name: str, tags: Mapping[str, str], properties: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "id": self.database_id(server, name),
            "name": name,
            "type": "Microsoft.Sql/servers/databases",
            "kind": "v12.0,user,vcore",
            "location": server.region,
            "tags": dict(tags),
            "properties": properties,
        }

    def failover_group(self, group: GroupView, server: ServerView) -> dict[str, Any]:
        """The group as `server` sees it: its own role, and the other as the partner."""
        partner = group.partner(server)
        return {
            "id": self.failover_group_id(server, group.name),
            "name": group.name,
            "type": "Microsoft.Sql/servers/failoverGroups",
            "location": server.location,
            "tags": {},
            "properties": {
                "readWriteEndpoint": {
                    "failoverPolicy": "Automatic",
                    "failoverWithDataLossGracePeriodMinutes": GRACE_MINUTES,
                },
                "readOnlyEndpoint": {"failoverPolicy": "Disabled", "targetServer": self.server_id(partner)},
                "replicationRole": server.role,
                "replicationState": server.state,
                "partnerServers": [
                    {"id": self.server_id(partner), "location": partner.location, "replicationRole": partner.role}
                ],
                "databases": [self.database_id(server, group.database)],
            },
        }

    def replication_link(self, group: GroupView, server: ServerView) -> dict[str, Any]:
        """The one link of the database, from `server`'s side; both sides give it the same name."""
        partner, name = group.partner(server), stable_id(f"link of {group.database}")
        return {
            "id": f"{self.database_id(server, group.database)}/replicationLinks/{name}",
            "name": name,
            "type": "Microsoft.Sql/servers/databases/replicationLinks",
            "properties": {
                "partnerServer": partner.name,
                "partnerDatabase": group.database,
                "partnerDatabaseId": self.database_id(partner, group.database),
                "partnerLocation": partner.location,
                "role": server.role,
                "partnerRole": partner.role,
                "replicationMode": "ASYNC",
                "startTime": clock.azure_time(self.since),
                "percentComplete": 100 if server.state == "CATCH_UP" else 0,
                "replicationState": server.state,
                "isTerminationAllowed": False,
                "linkType": "GEO",
            },
        }
