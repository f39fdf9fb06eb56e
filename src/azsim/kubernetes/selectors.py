"""Which objects a label selector or a field selector means, as text in a query or as an object in a spec."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from azsim.kubernetes import refusals
from azsim.kubernetes.kinds import EVENT, NODE, POD, Kind
from azsim.kubernetes.store import Object

Matches = Callable[[Object], bool]
TERM = re.compile(
    r"\s*(?:(?P<absent>!)\s*(?P<not_key>[^\s=!,()]+)"
    r"|(?P<key>[^\s=!,()]+)\s*(?:(?P<op>==|=|!=)\s*(?P<value>[^\s=!,()]*)|(?P<word>in|notin)\s*\((?P<set>[^()]*)\))?)\s*"
)
FIELDS = {
    POD: {"spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase", "status.podIP"},
    NODE: {"spec.unschedulable"},
    EVENT: {
        *(f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")),
        "reason",
        "type",
        "reportingComponent",
        "source",
    },
}
EVERY = {"metadata.name", "metadata.namespace"}


def labels_of(thing: Object) -> Mapping[str, str]:
    return thing["metadata"].get("labels") or {}


def by_labels(text: str) -> Matches:
    """From `app=bank,tier in (a,b),!old`; Refused (400) when it cannot be read."""
    terms = [label_term(match) for match in parsed(text)]
    return lambda thing: all(term(labels_of(thing)) for term in terms)


def parsed(text: str) -> list[re.Match[str]]:
    found, place = [], 0
    while place < len(text):
        match = TERM.match(text, place)
        if match is None or (match.end() < len(text) and text[match.end()] != ","):
            raise refusals.bad_request(f"unable to parse requirement: {text!r}")
        found.append(match)
        place = match.end() + 1
    return found


def label_term(match: re.Match[str]) -> Callable[[Mapping[str, str]], bool]:
    key, value = match["key"], match["value"]
    if match["absent"]:
        return lambda labels: match["not_key"] not in labels
    if match["word"]:
        values = {word.strip() for word in match["set"].split(",")}
        return set_term(key, values, wanted=match["word"] == "in")
    if match["op"] is None:
        return lambda labels: key in labels
    return set_term(key, {value}, wanted=match["op"] != "!=")


def set_term(key: str, values: set[str], *, wanted: bool) -> Callable[[Mapping[str, str]], bool]:
    if wanted:
        return lambda labels: labels.get(key) in values
    return lambda labels: labels.get(key) not in values


def by_fields(kind: Kind, text: str) -> Matches:
    """From `status.phase=Running,spec.nodeName!=x`; Refused (400) for a field that Kubernetes does not select by."""
    terms = [field_term(kind, term) for term in text.split(",") if term]
    return lambda thing: all(term(thing) for term in terms)


def field_term(kind: Kind, text: str) -> Matches:
    match = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", text)
    if match is None:
        raise refusals.bad_request(f"invalid selector: {text!r}; can't understand it")
    field, op, value = match.groups()
    if field not in EVERY | FIELDS.get(kind, set()):
        raise refusals.bad_request(f'field label not supported: "{field}"')
    path = field.split(".")
    return lambda thing: (as_text(at(thing, path)) == value) == (op != "!=")


def at(thing: Any, path: list[str]) -> Any:
    for name in path:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing


def as_text(value: Any) -> str:
    return {None: "", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """A selector of a spec with `matchLabels` and `matchExpressions`; an absent or empty one selects nothing here."""
    exact: Mapping[str, str] = (selector or {}).get("matchLabels") or {}
    expressions: list[dict[str, Any]] = (selector or {}).get("matchExpressions") or []
    if not exact and not expressions:
        return False
    return all(labels.get(key) == value for key, value in exact.items()) and all(
        expressed(one, labels) for one in expressions
    )


def expressed(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[expression["operator"]]
