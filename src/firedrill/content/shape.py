"""What a value in a file may look like: each shape reads a value and describes itself as JSON Schema.

One table for both, so that the loader and the schema that editors use cannot disagree. A shape looks at one value
at a time; what only makes sense between values (does that watch exist?) is checked where the drill is put together.
"""

import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from firedrill.content.yaml import Document, Trail
from firedrill.errors import InvalidFile
from firedrill.model import units

T = TypeVar("T")
Schema = dict[str, Any]


@dataclass(frozen=True)
class At:
    """A position in a document: where errors about it point, and what they call it."""

    document: Document
    trail: Trail = ()
    label: str = ""

    def child(self, key: str | int, label: str = "") -> "At":
        return At(self.document, (*self.trail, key), ".".join(filter(None, (self.label, label or str(key)))))

    def refuse(self, what: str, accepted: str = "", next_step: str = "") -> InvalidFile:
        named = f"{self.label}: {what}" if self.label else what
        return InvalidFile(named, where=self.document.where(self.trail), accepted=accepted, next_step=next_step)


class Shape(ABC, Generic[T]):
    """Reads one value, or raises InvalidFile; `schema` accepts whatever `read` accepts."""

    @abstractmethod
    def read(self, value: object, at: At) -> T: ...

    @abstractmethod
    def schema(self) -> Schema: ...


@dataclass(frozen=True)
class Text(Shape[str]):
    """Printable text in one or more lines, not empty."""

    longest: int = 2000

    def read(self, value: object, at: At) -> str:
        if not isinstance(value, str):
            raise at.refuse(f"{in_words(value)} is not text", "text; put it in quotes")
        text = " ".join(value.split())
        if not text or len(text) > self.longest or not text.isprintable():
            raise at.refuse("empty, too long or with control characters", f"1 to {self.longest} printable characters")
        return text

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"\S"}


@dataclass(frozen=True)
class Matching(Shape[str]):
    """Text of one form; `words` tells a person which."""

    pattern: str
    words: str

    def read(self, value: object, at: At) -> str:
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            raise at.refuse(f"{in_words(value)} is not accepted here", self.words)
        return value

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "description": self.words}


@dataclass(frozen=True)
class Quantity(Shape[float]):
    """A number with a unit, between two bounds (in the base unit, both included)."""

    parse: Callable[[object], float]
    pattern: str
    examples: str
    low: float
    high: float
    bounds: str

    def read(self, value: object, at: At) -> float:
        try:
            number = self.parse(value)
        except ValueError as error:
            what, _, accepted = str(error).partition("; write ")
            raise at.refuse(what, accepted or self.examples) from error
        if not self.low <= number <= self.high:
            raise at.refuse(f"{value} is out of bounds", self.bounds)
        return number

    def schema(self) -> Schema:
        # Bounds that carry a unit cannot be said in JSON Schema; zero can.
        not_zero = "(?=.*[1-9])" if self.low > 0 else ""
        return {"type": "string", "pattern": f"^{not_zero}{self.pattern}$", "description": f"{self.examples}"}


def duration(low: float, high: float, bounds: str) -> Quantity:
    return Quantity(units.seconds, units.DURATION.pattern, units.DURATION_EXAMPLES, low, high, bounds)


DURATION = duration(0.01, 86_400, "10ms to 24h")
RATE = Quantity(units.per_second, units.RATE.pattern, units.RATE_EXAMPLES, 1 / 60, 1000, "1/m to 1000/s")
PERCENT = Quantity(units.share, units.PERCENT.pattern, "0% to 100%", 0, 1, "0% to 100%")


@dataclass(frozen=True)
class Integer(Shape[int]):
    low: int
    high: int

    def read(self, value: object, at: At) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not self.low <= value <= self.high:
            raise at.refuse(f"{in_words(value)} is not accepted here", f"a whole number, {self.low} to {self.high}")
        return value

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Flag(Shape[bool]):
    def read(self, value: object, at: At) -> bool:
        if not isinstance(value, bool):
            raise at.refuse(f"{in_words(value)} is neither true nor false", "true or false")
        return value

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice(Shape[str]):
    options: tuple[str, ...]

    def read(self, value: object, at: At) -> str:
        if value not in self.options:
            raise at.refuse(f"{in_words(value)} is not accepted here", " or ".join(self.options))
        return str(value)

    def schema(self) -> Schema:
        return {"enum": list(self.options)}


@dataclass(frozen=True)
class OrOff(Shape[T | None]):
    """Another shape, or `off` (which YAML reads as false)."""

    shape: Shape[T]

    def read(self, value: object, at: At) -> T | None:
        return None if value is False or value == "off" else self.shape.read(value, at)

    def schema(self) -> Schema:
        return {"anyOf": [{"enum": [False, "off"]}, self.shape.schema()]}


@dataclass(frozen=True)
class Many(Shape[tuple[T, ...]]):
    """A list; an item that has a `name` is called by it in errors."""

    shape: Shape[T]
    least: int = 0
    most: int = 200

    def read(self, value: object, at: At) -> tuple[T, ...]:
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            raise at.refuse(f"{in_words(value)} is not accepted here", f"a list of {self.least} to {self.most} items")
        return tuple(self.shape.read(item, at.child(index, called(item, index))) for index, item in enumerate(value))

    def schema(self) -> Schema:
        return {"type": "array", "items": self.shape.schema(), "minItems": self.least, "maxItems": self.most}


def called(item: object, index: int) -> str:
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) and name else str(index + 1)


@dataclass(frozen=True)
class Named(Shape[dict[str, T]]):
    """A mapping whose keys are free names."""

    shape: Shape[T]

    def read(self, value: object, at: At) -> dict[str, T]:
        if not isinstance(value, dict):
            raise at.refuse(f"{in_words(value)} is not a mapping", "key: value")
        return {key: self.shape.read(item, at.child(key)) for key, item in value.items()}

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": self.shape.schema()}


@dataclass(frozen=True)
class Key:
    """One key of a record: its name in the file, the argument it becomes, what it holds and what it is for."""

    name: str
    shape: Shape[Any]
    about: str
    argument: str = ""
    required: bool = False


class Record(Shape[T]):
    """A mapping with known keys; `make` gets the ones that are there as arguments."""

    def __init__(self, make: Callable[..., T], *keys: Key) -> None:
        self.make = make
        self.keys = {key.name: key for key in keys}

    def read(self, value: object, at: At) -> T:
        if not isinstance(value, dict):
            raise at.refuse(f"{in_words(value)} is not a mapping", f"the keys {', '.join(self.keys)}")
        for name in value:
            if name not in self.keys:
                raise unknown_key(name, self.keys, at)
        for key in self.keys.values():
            if key.required and key.name not in value:
                raise at.refuse(f"the key {key.name!r} is missing", key.about, f"add the line `{key.name}: ...`")
        found = {name: self.keys[name].shape.read(item, at.child(name)) for name, item in value.items()}
        return self.make(**{self.keys[name].argument or name: item for name, item in found.items()})

    def schema(self) -> Schema:
        return {
            "type": "object",
            "properties": {k.name: {**k.shape.schema(), "description": k.about} for k in self.keys.values()},
            "required": [key.name for key in self.keys.values() if key.required],
            "additionalProperties": False,
        }


def unknown_key(name: str, accepted: Iterable[str], at: At) -> InvalidFile:
    """The error for a key that nobody reads: a typing error would otherwise silently switch something off."""
    known = list(accepted)
    spot = At(at.document, (*at.trail, name), at.label)
    return spot.refuse(f"unknown key {name!r}", ", ".join(known), near_match(name, known))


def near_match(word: str, known: Iterable[str]) -> str:
    """`did you mean 'rate'?`, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else ""


def in_words(value: object) -> str:
    """A value as errors show it: short, and with what kind of thing it is where that is the surprise."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return f"{str(value).lower()} (so YAML reads yes, no, on and off outside quotes)"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
