"""Who can be told something, and the queue on both buses through which that is done."""

OUTSIDE = "outside"
"""The customers. Their queue carries one message per envelope; the queues between capabilities carry bundles."""

QUEUES = {
    "ledger": "to-ledger",
    "nominations": "to-nominations",
    "plant": "to-plant",
    "confirmations": "to-confirmations",
    "statements": "to-statements",
    OUTSIDE: "confirmations",
}
"""Receiver -> queue."""
