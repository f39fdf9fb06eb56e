"""Faults that only the rehearsal stage can have, and what comes nearest on a subscription."""

ACTIONS = "firedrill.actions.stage"
PAUSE_LEADER = "firedrill.actions.kubernetes.pause_leader"
INSTEAD = {
    "sql": "firedrill.actions.sql_database.restart_database, a break of seconds",
    "servicebus": "firedrill.actions.servicebus.set_status, as in the drill bus-a-down",
    "kubernetes": "firedrill.actions.kubernetes.kill_leader, as in the drill leader-kill",
    "storage": "firedrill.actions.storage.planned_failover, as in the drill storage-planned-failover",
}


def only_here(service: str, name: str) -> str:
    """Why it is refused anywhere else, and what to do instead."""
    instead = INSTEAD.get(service, "rehearse it with the target local")
    return f"this fault of {service} {name} is one of the rehearsal stage that nobody can ask Azure for; instead: {instead}"
