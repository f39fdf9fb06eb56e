"""What the control plane refuses, with Azure's own error codes, before anything happens.

Codes as the REST reference of Microsoft.Sql lists them for failover groups and for the failover of a database. That an early fail-back reads
GeoReplicationCannotBecomePrimaryDuringUndo was seen on Azure by others, not tried by us.
"""

from typing import Literal

from azsim.sql.pair import Pair

Kind = Literal["planned", "forced", "try_planned_before_forced"]


class Refused(Exception):  # noqa: N818  # a refusal is an answer, and reads as one
    """The control plane says no, before anything happened. `code` is Azure's own, `status` its HTTP status."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class OperationFailed(Exception):  # noqa: N818  # the state that Azure names Failed
    """An accepted operation did not get to its end. The group can still be stopped."""

    def __init__(self, message: str, code: str = "InternalServerError") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def refuse(pair: Pair, kind: Kind, target: str, *, is_busy: bool) -> None:
    """Raise Refused when this failover to server `target` cannot be asked for now."""
    if target not in pair.servers:
        known = ", ".join(pair.servers)
        message = f"Server '{target}' does not exist in the resource group; the servers are: {known}."
        raise Refused("ServerNotInSubscriptionResourceGroup", message, 404)
    if is_busy:
        raise Refused("FailoverGroupBusy", "Failover group is busy with another operation.", 409)
    if pair.servers[target].role == "Primary":
        message = f"Failover cannot be initiated from the primary server '{target}'; call it on the secondary."
        raise Refused("FailoverGroupNotSecondary", message, 400)
    if pair.state != "CATCH_UP" or not pair.servers[target].cluster.is_running:
        message = f"Server '{target}' cannot become primary: its replication state is {pair.state}, not CATCH_UP."
        raise Refused("GeoReplicationCannotBecomePrimaryDuringUndo", message, 409)
    if kind == "planned" and not pair.primary.cluster.is_running:
        message = f"Planned failover needs the primary '{pair.primary.name}', which does not answer."
        raise Refused("PlannedFailoverTimedOut", message, 400)


def refuse_restart(pair: Pair, server: str, database: str, *, is_busy: bool) -> None:
    """Raise Refused when the database at `server` cannot be restarted now."""
    if is_busy:
        message = f"Database '{database}' is busy with another operation. Please try your operation later."
        raise Refused("ManagementServiceDatabaseBusy", message, 409)
    if not pair.servers[server].cluster.is_running:
        message = f"Database '{database}' on server '{server}' is not in a state in which it can be failed over."
        raise Refused("DatabaseNotInStateToFailover", message, 409)
