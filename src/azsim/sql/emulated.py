"""What of Azure SQL the stage stands in for, for the reference page."""

EMULATED = {
    "Two servers in two regions": "Two PostgreSQL clusters with asynchronous streaming replication through a link whose lag can be set",
    "Failover group: get, list": "As azure-mgmt-sql reads it, with roles and replication state",
    "failover (planned)": "The secondary has everything before it is promoted; nothing is lost",
    "forceFailoverAllowDataLoss": "What the link held back is lost, really; the old primary is fenced, rewound and seeded",
    "tryPlannedBeforeForcedFailover": "Planned when the primary runs, else forced",
    "Read-write and read-only listeners": "Fixed local ports that re-point after a time to live, by decision, never by liveness",
    "Login error 40613": "While a server takes no logins, inside PostgreSQL's own error",
    "Replication links": "Get and list; replication state PENDING, SEEDING, CATCH_UP, SUSPENDED",
    "Early fail-back": "Refused before CATCH_UP with GeoReplicationCannotBecomePrimaryDuringUndo",
    "A server that dies": "Started again in its role after a pause, recovered from its own log",
    "Long-running operations": "202 with Azure-AsyncOperation, Location and Retry-After; the same request id gets the same operation",
}
NOT_EMULATED = {
    "T-SQL, TDS": "The database is PostgreSQL and speaks its protocol",
    "Errors 40197, 40501, 4060, 10928 and others": "Only 40613 is answered for a database that is away",
    "Automatic failover after the grace period": "Failovers happen when they are asked for",
    "Create, change or delete a failover group": "There is one, and it stays",
    "Single-database failover, point-in-time restore, elastic pools": "Not there yet",
}
