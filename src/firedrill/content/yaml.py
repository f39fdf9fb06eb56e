"""YAML with the line of every key, because an error without a line sends people hunting.

Reads one mapping of plain values per file and refuses what would be read differently than meant: keys twice,
tabs, merge keys, other tags, bytes that are not UTF-8. It knows nothing about drills.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from firedrill.errors import InvalidFile

Trail = tuple[str | int, ...]

MOST_BYTES = 262_144
MOST_NODES = 20_000  # anchors can make a small file grow without end
DEEPEST = 24


@dataclass(frozen=True)
class Document:
    """One file (or text) as plain values; `places` holds `file:line` of every key and list item by its trail."""

    name: str
    data: dict[str, Any]
    places: dict[Trail, str]

    def where(self, trail: Trail) -> str:
        """`file:line` of a key, or of the nearest thing around it."""
        while trail not in self.places and trail:
            trail = trail[:-1]
        return self.places.get(trail, self.name)


def shown(path: Path) -> str:
    """A path as a person would type it from here."""
    here = Path.cwd()
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links that the reader typed
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(path)


def read_document(path: Path) -> Document:
    """The mapping in a YAML or JSON file; InvalidFile for everything that is not one."""
    name = shown(path)
    text = read_text(path)
    # JSON may be indented with tabs, YAML may not; a tab inside a JSON string is always escaped.
    return parse_document(text.replace("\t", " ") if path.suffix == ".json" else text, name)


def read_text(path: Path) -> str:
    """A file as text; InvalidFile when it is missing, too large, binary or not UTF-8."""
    raw = read_bytes(path)
    name = shown(path)
    if b"\0" in raw:
        raise InvalidFile("the file is not text: it holds zero bytes", where=name, accepted="UTF-8 text")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidFile(
            f"the file is not UTF-8 text (byte {error.start + 1})",
            where=f"{name}:{line}",
            accepted="UTF-8 text",
            next_step=f"iconv -f latin1 -t utf-8 {name}",
        ) from error


def read_bytes(path: Path) -> bytes:
    name = shown(path)
    if not path.exists():
        raise InvalidFile("there is no such file", where=name)
    if not path.is_file():
        raise InvalidFile("this is not a file", where=name, accepted="a YAML file")
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidFile(f"the file cannot be read: {error.strerror}", where=name) from error
    if len(raw) > MOST_BYTES:
        raise InvalidFile("the file is too large", where=name, accepted=f"at most {MOST_BYTES // 1024} KiB")
    return raw


def parse_document(text: str, name: str) -> Document:
    """The mapping in a text; `name` is what errors call it."""
    root = compose(text, name)
    if root is None:
        raise InvalidFile("the file is empty", where=name, accepted="a mapping: key: value")
    if not isinstance(root, yaml.MappingNode):
        raise InvalidFile("the file is not a mapping", where=f"{name}:{line_of(root)}", accepted="key: value lines")
    reader = NodeReader(name)
    return Document(name, reader.mapping(root, ()), reader.places)


def parse_value(text: str, name: str) -> Any:
    """One value as it would stand after `key:` in a file (for `--set key=value`)."""
    try:
        root = compose(text, name)
        return "" if root is None else NodeReader(name).value(root, ())
    except InvalidFile as error:  # there is one line only: its number would say nothing
        raise InvalidFile(error.what, where=name, accepted=error.accepted) from error


def compose(text: str, name: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        raise refuse_syntax(error, text, name) from error
    except yaml.YAMLError as error:
        raise InvalidFile(f"this is not YAML: {error}".splitlines()[0], where=name) from error


def refuse_syntax(error: yaml.MarkedYAMLError, text: str, name: str) -> InvalidFile:
    line = error.problem_mark.line if error.problem_mark else 0
    content = (*text.splitlines()[line : line + 1], "")[0]
    if content[: len(content) - len(content.lstrip())].count("\t"):
        return InvalidFile("a tab in the indentation", where=f"{name}:{line + 1}", accepted="spaces")
    problem = error.problem or "not YAML"
    context = f" ({error.context})" if error.context else ""
    return InvalidFile(f"this is not YAML: {problem}{context}", where=f"{name}:{line + 1}")


def line_of(node: yaml.Node) -> int:
    return node.start_mark.line + 1


class NodeReader:
    """Turns composed nodes into plain values and remembers where each came from."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[Trail, str] = {}
        self.nodes = 0
        self.scalars = yaml.constructor.SafeConstructor()

    def refuse(self, node: yaml.Node, what: str, accepted: str = "") -> InvalidFile:
        return InvalidFile(what, where=f"{self.name}:{line_of(node)}", accepted=accepted)

    def value(self, node: yaml.Node, trail: Trail) -> Any:
        self.nodes += 1
        if self.nodes > MOST_NODES or len(trail) > DEEPEST:
            raise self.refuse(node, "too many values, or too deep", f"{MOST_NODES} values, {DEEPEST} levels")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, trail)
        if isinstance(node, yaml.SequenceNode):
            return [self.item(child, (*trail, index)) for index, child in enumerate(node.value)]
        return self.scalar(node)

    def item(self, node: yaml.Node, trail: Trail) -> Any:
        self.places[trail] = f"{self.name}:{line_of(node)}"
        return self.value(node, trail)

    def mapping(self, node: yaml.MappingNode, trail: Trail) -> dict[str, Any]:
        self.places.setdefault(trail, f"{self.name}:{line_of(node)}")
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.key(key_node)
            if key in result:
                first = self.places[(*trail, key)]
                raise self.refuse(key_node, f"the key {key!r} stands here twice; the first is at {first}")
            self.places[(*trail, key)] = f"{self.name}:{line_of(key_node)}"
            result[key] = self.value(value_node, (*trail, key))
        return result

    def key(self, node: yaml.Node) -> str:
        if node.tag == "tag:yaml.org,2002:merge":
            raise self.refuse(node, "merge keys (<<) are not accepted", "the keys written out, or an anchored value")
        key = self.scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            written = node.value if isinstance(node, yaml.ScalarNode) else "a list or mapping"
            raise self.refuse(node, f"a key must be text, this is {written}", "text; put it in quotes if it is meant")
        return key

    def scalar(self, node: yaml.Node) -> Any:
        try:
            return self.scalars.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise self.refuse(
                node, f"{node.value!r} cannot be read as {node.tag}", "text, numbers, true, false"
            ) from error
