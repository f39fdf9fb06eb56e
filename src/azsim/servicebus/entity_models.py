"""What queues, topics, subscriptions and rules look like in Microsoft.ServiceBus, version 2026-01-01. No HTTP in here.

Shapes checked against azure-mgmt-servicebus 10. Values that the stage does not model are left out rather than made up.
"""

from collections.abc import Mapping
from typing import Any

from azsim import durations
from azsim.errors import ArmError
from azsim.servicebus.broker.options import Options
from azsim.servicebus.broker.rules import Rule
from azsim.servicebus.site import Entity

STATUSES = ("Active", "Disabled", "SendDisabled", "ReceiveDisabled")
MEGABYTE = 2**20
CORRELATED = {
    "correlationId": "correlation-id",
    "messageId": "message-id",
    "to": "to",
    "replyTo": "reply-to",
    "label": "subject",
    "sessionId": "group-id",
    "contentType": "content-type",
}


# What would change a namespace's behaviour and does not here: refused, so that nobody relies on it.
NOT_HERE = ("forwardTo", "forwardDeadLetteredMessagesTo", "enablePartitioning", "enableExpress", "isClientAffine")


def options_of(properties: Mapping[str, Any], lock_s: float = 60.0) -> Options:
    """Settings from a request's properties (a PUT is a full replace, so what is missing is the default); ArmError 400, 501."""
    refuse_what_is_not_here(properties)
    status: Any = properties.get("status") or "Active"
    if status not in STATUSES:
        raise invalid(f"The value '{status}' of 'status' is not one of {', '.join(STATUSES)}.")
    try:
        window = seconds(properties, "duplicateDetectionHistoryTimeWindow", 600.0)
        return Options(
            status=status,
            lock_s=seconds(properties, "lockDuration", lock_s) or lock_s,
            max_delivery=int(properties.get("maxDeliveryCount") or 10),
            ttl_s=seconds(properties, "defaultMessageTimeToLive", None),
            dead_letter_expired=bool(properties.get("deadLetteringOnMessageExpiration")),
            sessions=bool(properties.get("requiresSession")),
            duplicates_s=window if properties.get("requiresDuplicateDetection") else None,
            max_bytes=int(properties.get("maxSizeInMegabytes") or 1024) * MEGABYTE,
        )
    except (TypeError, ValueError) as error:
        raise invalid(f"The request is not valid: {error}.") from error


def refuse_what_is_not_here(properties: Mapping[str, Any]) -> None:
    wanted = [name for name in NOT_HERE if properties.get(name)]
    if seconds(properties, "autoDeleteOnIdle", None) is not None:
        wanted.append("autoDeleteOnIdle")
    if wanted:
        raise ArmError(501, "NotImplementedOnStage", f"the rehearsal stage does not implement {', '.join(wanted)}")


def seconds(properties: Mapping[str, Any], name: str, default: float | None) -> float | None:
    """A duration; None is for ever."""
    text = properties.get(name)
    try:
        return default if text is None else durations.to_seconds(text)
    except (TypeError, ValueError) as error:
        raise invalid(f"The value of '{name}' is not valid: {error}.") from error


def invalid(message: str) -> ArmError:
    return ArmError(400, "BadRequest", message)


def entity(identity: str, location: str, kind: str, known: Entity) -> dict[str, Any]:
    """A queue, topic or subscription. `kind` is the resource type's last word."""
    options, counts = known.options, known.counts
    said: dict[str, Any] = {
        "lockDuration": durations.to_text(options.lock_s),
        "maxSizeInMegabytes": options.max_bytes // MEGABYTE,
        "requiresDuplicateDetection": options.duplicates_s is not None,
        "duplicateDetectionHistoryTimeWindow": durations.to_text(options.duplicates_s or 600.0),
        "requiresSession": options.sessions,
        "defaultMessageTimeToLive": durations.to_text(options.ttl_s),
        "deadLetteringOnMessageExpiration": options.dead_letter_expired,
        "maxDeliveryCount": options.max_delivery,
        "enableBatchedOperations": True,
        "enablePartitioning": False,
        "enableExpress": False,
        "autoDeleteOnIdle": durations.to_text(None),
        "status": options.status,
        "sizeInBytes": counts.get("bytes", 0),
        "countDetails": {
            "activeMessageCount": counts.get("active", 0),
            "deadLetterMessageCount": counts.get("dead", 0),
            "scheduledMessageCount": counts.get("scheduled", 0),
            "transferMessageCount": 0,
            "transferDeadLetterMessageCount": 0,
        },
    }
    if kind == "topics":
        said["subscriptionCount"] = len(known.rules)
    if kind != "topics":
        said["messageCount"] = known.messages
    parent = "Microsoft.ServiceBus/namespaces" + ("/topics" if kind == "subscriptions" else "")
    name = identity.rpartition("/")[2]
    return {"id": identity, "name": name, "type": f"{parent}/{kind}", "location": location, "properties": said}


def rule(identity: str, said: Rule) -> dict[str, Any]:
    """A subscription's rule."""
    if said.sql:
        sql = {"sqlExpression": said.sql, "compatibilityLevel": 20}
        properties: dict[str, Any] = {"action": {}, "filterType": "SqlFilter", "sqlFilter": sql}
    else:
        system = {camel(name): value for name, value in said.system.items()}
        filters = {"properties": said.application, **system}
        properties = {"action": {}, "filterType": "CorrelationFilter", "correlationFilter": filters}
    name = identity.rpartition("/")[2]
    kind = "Microsoft.ServiceBus/namespaces/topics/subscriptions/rules"
    return {"id": identity, "name": name, "type": kind, "properties": properties}


def rule_of(name: str, properties: Mapping[str, Any]) -> Rule:
    """A rule from a request; ArmError 501 for one that changes messages."""
    if (properties.get("action") or {}).get("sqlExpression"):
        raise ArmError(501, "NotImplementedOnStage", "the rehearsal stage does not implement actions of rules")
    filters = dict(properties.get("correlationFilter") or {})
    if properties.get("filterType", "CorrelationFilter" if filters else "SqlFilter") == "SqlFilter":
        return Rule(name, (properties.get("sqlFilter") or {}).get("sqlExpression", "1=1"))
    application = filters.pop("properties", None) or {}
    unknown = set(filters) - set(CORRELATED) - {"requiresPreprocessing"}
    if unknown:
        raise ArmError(501, "NotImplementedOnStage", f"the rehearsal stage does not filter by {', '.join(unknown)}")
    system = {CORRELATED[key]: str(value) for key, value in filters.items() if key in CORRELATED and value is not None}
    return Rule(name, "", system, dict(application))


def camel(property_name: str) -> str:
    return next(name for name, known in CORRELATED.items() if known == property_name)
