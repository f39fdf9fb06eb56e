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
    "Database failover (a restart in its region)": "Sessions end, 40613 for a moment, nothing lost. Within 15 minutes of the last (15 s in the profile brisk) the operation ends Failed with DatabaseFailoverThrottled",
    "Point-in-time restore": "createMode PointInTimeRestore: a third PostgreSQL from a backup and the log up to that moment, at the address of its server under its own name; earliestRestoreDate; PitrPointInTimeInvalid outside of what is kept",
    "Delete a database": "Of restored ones; 204 for what is not there",
    "Faults of the operator": "Of the names dbgrp and dbgrp.secondary: gone, frozen; of a server: refusing (40613), frozen. Replication goes on",
    "Long-running operations": "202 with Azure-AsyncOperation, Location and Retry-After; the same request id gets the same operation",
}
NOT_EMULATED = {
    "T-SQL, TDS": "The database is PostgreSQL and speaks its protocol",
    "Errors 40197, 40501, 4060, 10928 and others": "Only 40613 is answered for a database that is away",
    "Automatic failover after the grace period": "Failovers happen when they are asked for",
    "Create, change or delete a failover group": "There is one, and it stays",
    "Backups for days": "A moment can be restored from the first backup, right after the start, on; after 800 MB of log from a later one. Restoring a secondary's database, or to another server, is refused",
    "Geo-restore, long-term retention, elastic pools": "Not there yet",
    "Other changes of a database": "Create with any other createMode, update, and deletion of the group's own database are answered 501",
}
