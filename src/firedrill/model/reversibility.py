"""What undo really is, in words that are the same in the plan and on the page."""

WORDS = {
    "self-heals": "ends by itself",
    "reversible": "can be undone in full",
    "fail-back": "can be brought back, at the cost of a second failover",
    "one-way": "cannot be undone: what it changed stays changed",
}
