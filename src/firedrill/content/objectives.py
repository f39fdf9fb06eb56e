"""The limits that a drill declares, as people write them: `transfer recovers within: 60s`, `lost writes: 0`.

One table says which objectives there are; it reads them, writes them back, and describes them as JSON Schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from firedrill.content.quantities import duration_text
from firedrill.content.shape import (
    DURATION,
    PERCENT,
    At,
    Integer,
    Key,
    Record,
    Schema,
    Shape,
    Text,
    in_words,
    near_match,
)
from firedrill.model.drill import ObjectiveSpec

Kind = Literal[
    "recovers within",
    "available",
    "answers within",
    "failed requests",
    "lost writes",
    "duplicated writes",
    "redundancy back within",
]


@dataclass(frozen=True)
class Form:
    """One kind of objective: what its limit is, how a mapping calls the limit, and what comes before it in words."""

    kind: Kind
    limit: Shape[Any]
    names: tuple[str, ...]
    prefix: str = ""
    per_watch: bool = False
    spans: bool = False

    def record(self) -> Record[dict[str, Any]]:
        """The long form: `{at most: 50, within: 5s, promised: "..."}`."""
        limits = [Key(name, self.limit, "the limit", argument="limit") for name in self.names]
        span = [Key("within", DURATION, "all of them within this time before the fault", argument="span_s")]
        promised = Key("promised", Text(), "what the platform's document says, with its date")
        return Record(dict, *limits, *(span if self.spans else []), promised)

    def schema(self) -> Schema:
        long = self.record().schema()
        return {"anyOf": [self.limit.schema(), {**long, "oneOf": [{"required": [name]} for name in self.names]}]}


COUNT = Integer(0, 1_000_000_000)
FORMS = (
    Form("recovers within", DURATION, ("limit", "at most"), per_watch=True),
    Form("available", PERCENT, ("limit", "at least"), "at least ", per_watch=True),
    Form("answers within", DURATION, ("limit", "at most"), per_watch=True),
    Form("failed requests", PERCENT, ("limit", "at most"), "at most "),
    Form("lost writes", COUNT, ("limit", "at most"), "at most ", spans=True),
    Form("duplicated writes", COUNT, ("limit", "at most"), "at most "),
    Form("redundancy back within", DURATION, ("limit", "at most")),
)
BY_KIND = {form.kind: form for form in FORMS}
ACCEPTED = ", ".join(f"<watch> {form.kind}" if form.per_watch else form.kind for form in FORMS)
EXAMPLES = {
    "recovers within": "<watch> recovers within: 60s",
    "lost writes": "lost writes: {at most: 50, within: 5s}",
    "redundancy back within": "redundancy back within: 10m",
}


class Objectives(Shape[tuple[ObjectiveSpec, ...]]):
    """The whole mapping. Whether the watches exist is checked with the drill (`check_objectives`)."""

    def read(self, value: object, at: At) -> tuple[ObjectiveSpec, ...]:
        if not isinstance(value, dict):
            raise at.refuse(f"{in_words(value)} is not a mapping", ACCEPTED)
        return tuple(read_objective(name, item, at.child(name)) for name, item in value.items())

    def schema(self) -> Schema:
        watch = {rf"\S {form.kind}$": form.schema() for form in FORMS if form.per_watch}
        plain: dict[str, Schema] = {form.kind: form.schema() for form in FORMS if not form.per_watch}
        return {
            "type": "object",
            "properties": plain,
            "patternProperties": watch,
            "required": ["redundancy back within"],
            "additionalProperties": False,
        }


def read_objective(name: str, value: object, at: At) -> ObjectiveSpec:
    form, watch = form_of(name, at)
    fields = read_long(form, value, at) if isinstance(value, dict) else {"limit": form.limit.read(value, at)}
    return ObjectiveSpec(name=name, kind=form.kind, watch=watch, limit_words=words(form, value, fields), **fields)


def form_of(name: str, at: At) -> tuple[Form, str]:
    """Which objective a key means, and of which watch."""
    for form in FORMS:
        watch = name.removesuffix(form.kind).rstrip()
        if name == form.kind and not form.per_watch:
            return form, ""
        if form.per_watch and watch and name == f"{watch} {form.kind}":
            return form, watch
    close = near_match(name, [form.kind for form in FORMS])
    raise at.refuse(f"unknown objective {name!r}", ACCEPTED, close)


def read_long(form: Form, value: dict[str, Any], at: At) -> dict[str, Any]:
    fields = form.record().read(value, at)
    if sum(name in value for name in form.names) != 1:
        raise at.refuse("it needs one limit", " or ".join(f"{{{name}: ...}}" for name in form.names))
    return fields


def words(form: Form, value: object, fields: Mapping[str, Any]) -> str:
    """The limit for people: `60s`, `at most 1%`, `none`, `at most 50, within 5s`."""
    if form.limit is COUNT:
        span = f", within {duration_text(fields['span_s'])}" if "span_s" in fields else ""
        return f"{form.prefix}{fields['limit']}{span}" if fields["limit"] else "none"
    written = next(value[name] for name in form.names if name in value) if isinstance(value, dict) else value
    return form.prefix + "".join(str(written).split())


def unread(objective: ObjectiveSpec) -> object:
    """An objective as it stands in a file: `read_objective` makes the same one of it again."""
    form = BY_KIND[objective.kind]
    limit: object = int(objective.limit) if form.limit is COUNT else objective.limit_words.removeprefix(form.prefix)
    extras = {
        "within": duration_text(objective.span_s) if objective.span_s is not None else "",
        "promised": objective.promised,
    }
    kept = {key: text for key, text in extras.items() if text}
    return {form.names[-1]: limit, **kept} if kept else limit


def check_objectives(objectives: tuple[ObjectiveSpec, ...], watches: list[str], at: At, *, writes: bool) -> None:
    """Every named watch is there, and so is what each drill must promise: recovery, redundancy, and loss where it `writes`."""
    for objective in objectives:
        if objective.watch and objective.watch not in watches:
            spot = At(at.document, (*at.trail, objective.name), at.label)
            what = f"{objective.name!r} is about a watch that the drill does not have: {objective.watch!r}"
            raise spot.refuse(what, ", ".join(watches), near_match(objective.watch, watches))
    kinds = {objective.kind for objective in objectives}
    for kind, example in EXAMPLES.items():
        if kind not in kinds and (writes or kind != "lost writes"):
            line = example.replace("<watch>", watches[0])
            raise at.refuse(
                f"no objective {kind!r}: a drill says what is acceptable", ACCEPTED, f"add the line `{line}`"
            )
