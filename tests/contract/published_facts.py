"""What Microsoft's published examples say of each operation that drills depend on, and what an answer lacks beside them.

The facts are in `published/`, in a form of our own, each with its example. Nothing in here asks anybody anything.
"""

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

FOLDER = Path(__file__).parent / "published"
IN_SUBSCRIPTION = "/subscriptions/{subscriptionId}/providers"
IN_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers"
ROOTS = {
    "{servers}": f"{IN_GROUP}/Microsoft.Sql/servers",
    "{sql}": f"{IN_GROUP}/Microsoft.Sql",
    "{sqlOfSubscription}": f"{IN_SUBSCRIPTION}/Microsoft.Sql",
    "{storage}": f"{IN_GROUP}/Microsoft.Storage",
    "{storageOfSubscription}": f"{IN_SUBSCRIPTION}/Microsoft.Storage",
    "{bus}": f"{IN_GROUP}/Microsoft.ServiceBus",
    "{compute}": f"{IN_GROUP}/Microsoft.Compute",
}


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`ask` is a method and a path; `answer` the body of the 200; `accepted` the headers of the 202, when there is one."""

    example: str
    ask: str
    sent: str = ""  # the api-version of the installed client, when not the service's
    query: dict[str, str] = {}
    body: Any = {}
    answer: Any = None
    accepted: dict[str, str] = {}

    @property
    def method(self) -> str:
        return self.ask.split(" ")[0]

    @property
    def path(self) -> str:
        return self.ask.split(" ")[1]


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One service's file. `words` are the values that a property may have, wherever it stands."""

    source: str
    sent: str
    words: dict[str, list[str]]
    operations: dict[str, Operation]
    parts: dict[str, Any] = {}


class Published(NamedTuple):
    """One operation with what its service's file says of all of them."""

    operation: Operation
    sent: str
    words: Mapping[str, list[str]]


def load() -> dict[str, Published]:
    """Every operation of every file, by the name that Microsoft gave it."""
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        text = path.read_text()
        for short, root in ROOTS.items():
            text = text.replace(short, root)
        facts = msgspec.convert(yaml.safe_load(text), Facts)
        for name, operation in facts.operations.items():
            found[name] = Published(operation, operation.sent or facts.sent, facts.words)
    return found


def fill(value: Any, names: Mapping[str, str]) -> Any:
    """The same with every `{name}` replaced."""
    if isinstance(value, str):
        return value.format_map(names)
    if isinstance(value, list):
        return [fill(each, names) for each in value]
    if isinstance(value, dict):
        return {key: fill(each, names) for key, each in value.items()}
    return value


def with_changes(answer: Any, changes: Mapping[str, Any]) -> Any:
    """A copy in which each `dotted.path` has another value."""
    copy = msgspec.json.decode(msgspec.json.encode(answer))
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = copy
        for parent in parents:
            place = place[parent]
        place[last] = value
    return copy


def differences(published: Any, staged: Any, words: Mapping[str, list[str]], where: str = "") -> Iterator[str]:
    """What `staged` lacks or says in another form, as `path` or `path: why`. What it says beside that is its own affair."""
    if isinstance(published, dict) and isinstance(staged, dict):
        for key, value in published.items():
            place = f"{where}.{key}" if where else key
            if key not in staged:
                yield place
            else:
                yield from differences(value, staged[key], words, place)
    elif isinstance(published, list) and isinstance(staged, list):
        for each in staged if published else ():
            yield from differences(common(published), each, words, f"{where}[]")
    elif form(published) != form(staged):
        yield f"{where}: {form(staged)}, not {form(published)}"
    elif isinstance(staged, str):
        yield from wrong_word(published, staged, words, where)


def common(published: list[Any]) -> Any:
    """What every one of a list's elements has: the first, less the properties that another is without."""
    first, *others = published
    if not isinstance(first, dict):
        return first
    return {key: value for key, value in first.items() if all(key in other for other in others)}


def wrong_word(published: str, staged: str, words: Mapping[str, list[str]], where: str) -> Iterator[str]:
    """Types of resources are compared without regard to case, as Azure does; words of an enumeration exactly."""
    key = where.rpartition(".")[2]
    if key == "type" and staged.casefold() != published.casefold():
        yield f"{where}: {staged}, not {published}"
    elif staged not in words.get(key, [staged]):
        yield f"{where}: {staged} is none of {', '.join(words[key])}"


def form(value: Any) -> str:
    """What kind of value it is, as a client would read it."""
    if not isinstance(value, str):
        return type(value).__name__
    if value.lower().startswith("/subscriptions/"):
        return "id"
    if value.startswith("P") and value[1:2] in {"T", *"0123456789"}:
        return "duration"
    return "time" if is_time(value) else "text"


def is_time(value: str) -> bool:
    try:
        return datetime.datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
