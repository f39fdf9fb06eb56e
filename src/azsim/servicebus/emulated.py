"""What of Service Bus the stage stands in for, for the reference page."""

EMULATED = {
    "Two Premium namespaces": "A process each, AMQP 1.0 on a plain and a TLS port; every message, settlement and setting is on disk (group commit) before the answer; `kill -9` loses nothing acknowledged",
    "Sending": "Single, batch, scheduled and cancelled; duplicate detection window; time to live; size limit of the entity",
    "Receiving": "Peek-lock with complete, abandon, defer, dead-letter, release and renewal; receive-and-delete; deferred by number; peek; prefetch; delivery count with MaxDeliveryCountExceeded",
    "Sessions": "By name and next available, one receiver at a time, state, renewal, time-out",
    "Topics": "Subscriptions with their own dead letters; SQL filters (comparisons, AND, OR, NOT, IN, LIKE, EXISTS, IS NULL), correlation filters, true and false filters",
    "Access": "Shared access signatures with two keys per rule, tokens of the stage's identity service; claims Send, Listen, Manage per entity",
    "ARM: queues, topics, subscriptions, rules": "List, get, PUT (a full replace), delete; status Active, Disabled, SendDisabled, ReceiveDisabled; counts",
    "ARM: namespaces": "List, get, PATCH, PUT of one that is there; publicNetworkAccess; networkRuleSets/default with defaultAction and ipRules (all clients come from 127.0.0.1)",
    "ARM: keys": "authorizationRules list and get, listKeys, regenerateKeys for RootManageSharedAccessKey, send, listen",
    "Geo-DR": "One alias (a local port): pair, failover (at the secondary; safe or not), breakPairing, delete; entities are copied one by one with pendingReplicationOperationsCount, messages never; forward only, then a new pair by PUT",
    "Geo-replication": "Each namespace has an asynchronous copy in the other region; failover planned (waits for the copy) or forced (what was not copied is lost, what was completed within the lag comes again); nobody sends or receives meanwhile; maxReplicationLagDurationInSeconds 0 is a synchronous copy",
    "Faults of the operator": "Per namespace: throttled (server-busy), gone, frozen, slow",
}
NOT_EMULATED = {
    "Making and deleting namespaces, authorisation rules, private endpoints, migration": "There are two namespaces with three rules each, and they stay",
    "Rules of single queues and topics": "Keys are the namespace's",
    "Roles of Entra": "A valid token of the stage may do everything in a namespace",
    "forwardTo, forwardDeadLetteredMessagesTo, autoDeleteOnIdle, partitioning, express": "Refused with 501",
    "Actions of rules, filters by replyToSessionId, SQL functions and arithmetic": "Refused when the rule is made",
    "Transactions, sending via another entity, message browsing across sessions by filter, AMQP over WebSockets": "Refused or not listened to",
    "Cancelling a scheduled message of a topic": "Refused with 501; queues can",
    "Network rules for virtual networks, trusted services, minimum TLS version, disableLocalAuth": "Ignored, the last one refused with 501",
    "Throttling by load, message size limits of the Standard tier": "Only the operator's fault throttles; a message may have 100 MB",
    "Geo-DR: an empty secondary, one status on both sides, a partner of another tier": "Both namespaces have queues of their own; the status of an entity is each namespace's own, so that one bus can be shut while the other serves",
    "Geo-DR and geo-replication exclude each other on Azure": "Here both are there from the start, so that each can be drilled without building first",
    "Geo-replication: a second process, throttling beyond the greatest lag, a copy that was lost": "The copy is a beginning of the one journal: it cannot be killed by itself; what a namespace finds on disk when it is started again counts as copied",
    "Locks over a restart": "Forgotten with the process, as on Azure: the messages come again at once",
}
