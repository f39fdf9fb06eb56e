"""`--set KEY=VALUE`: any key of the drill, the stage's settings, or a mistake of the system under drill.

Splits the settings by whom they are for and checks those of the stage; keys of the drill are checked when the drill
is read, by the same tables as the file, so that there is one set of rules.
"""

import copy
from collections.abc import Sequence
from typing import Any

import msgspec

from firedrill.content.shape import At, Choice, Integer, Matching, Shape, duration, near_match
from firedrill.content.yaml import Document, Trail, parse_value
from firedrill.errors import Usage

FORM = "--set KEY=VALUE, for example --set load.rate=10/s"
DRILL_KEYS = (
    *("drill", "because", "experiment", "load", "watch", "invariants", "witnesses"),
    *("steady", "recovery", "objectives", "time limit"),
)
LAG = duration(0, 3600, "0s to 1h")
PROFILE = Choice(("brisk", "azure"))
SEED = Integer(0, 2**32 - 1)
PORT = Integer(0, 65_535)
MISTAKE = Matching(r"|[a-z0-9][a-z0-9-]{0,59}", "the name of a mistake, such as no-retry; empty for none")
STAGE_KEYS: dict[str, tuple[str, Shape[Any]]] = {
    "stage.replication_lag": ("replication_lag_s", LAG),
    "stage.profile": ("profile", PROFILE),
    "stage.seed": ("seed", SEED),
    "stage.bank_port": ("bank_port", PORT),
    "stage.arm_port": ("arm_port", PORT),
    "bank.mistake": ("mistake", MISTAKE),
}


class StageSettings(msgspec.Struct, frozen=True):
    """What was said about the stage; None: nothing, the target file decides."""

    profile: str | None = None
    seed: int | None = None
    replication_lag_s: float | None = None
    bank_port: int | None = None
    arm_port: int | None = None
    mistake: str | None = None


class Settings(msgspec.Struct, frozen=True):
    """`drill` are the `key=value` texts for `load_drill`; `words` are all of them, as given, for the record."""

    drill: tuple[str, ...] = ()
    stage: StageSettings = StageSettings()
    words: dict[str, str] = {}


def read_settings(pairs: Sequence[str], *, with_drill: bool = True) -> Settings:
    """Settings sorted by whom they are for; Usage for a key that nobody has. `with_drill`: keys of a drill are accepted."""
    drill: list[str] = []
    stage: dict[str, Any] = {}
    words: dict[str, str] = {}
    for pair in pairs:
        key, text = split(pair)
        words[key] = text
        if key in STAGE_KEYS:
            name, shape = STAGE_KEYS[key]
            stage[name] = read_setting(key, text, shape)
        elif with_drill and key.split(".")[0] in DRILL_KEYS:
            drill.append(pair)
        else:
            raise unknown_setting(key, with_drill=with_drill)
    return Settings(tuple(drill), StageSettings(**stage), words)


def split(pair: str) -> tuple[str, str]:
    key, equals, text = pair.partition("=")
    if not equals or not key.strip():
        raise Usage(f"{pair!r} is not a setting", where="--set", accepted=FORM)
    return key.strip(), text.strip()


def read_setting(key: str, text: str, shape: Shape[Any]) -> Any:
    name = f"--set {key}={text}"
    value = text if isinstance(shape, Matching) else parse_value(text, name)
    return shape.read(value, At(Document(name, {}, {})))


def unknown_setting(key: str, *, with_drill: bool) -> Usage:
    known = [*STAGE_KEYS, *(DRILL_KEYS if with_drill else ())]
    accepted = ", ".join(STAGE_KEYS) + (f"; keys of the drill: {', '.join(DRILL_KEYS)}" if with_drill else "")
    return Usage(f"unknown setting {key!r}", where="--set", accepted=accepted, next_step=near_match(key, known))


def override(document: Document, pairs: Sequence[str]) -> Document:
    """The document with `key=value` settings written into it; their place is the command line."""
    data, places = copy.deepcopy(document.data), dict(document.places)
    for pair in pairs:
        key, text = split(pair)
        place = f"--set {key}={text}"
        trail = write(data, key.split("."), parse_value(text, place), place)
        for depth in range(1, len(trail) + 1):
            places.setdefault(trail[:depth], place)
        places[trail] = place
    return Document(document.name, data, places)


def write(data: Any, keys: list[str], value: Any, place: str) -> Trail:
    """Set `value` at the dotted keys, making mappings on the way; the trail where it went."""
    trail: Trail = ()
    for last, key in ((index == len(keys) - 1, key) for index, key in enumerate(keys)):
        step = position(data, key, place)
        trail = (*trail, step)
        if last:
            data[step] = value
        elif isinstance(data, dict):
            data = data.setdefault(step, {})
        else:
            data = data[step]
    return trail


def position(data: Any, key: str, place: str) -> str | int:
    """A key of a mapping, or the index of the list item that is called `key`."""
    if isinstance(data, dict):
        return key
    names = [item.get("name") for item in data if isinstance(item, dict)] if isinstance(data, list) else []
    if key not in names:
        accepted = ", ".join(str(name) for name in names) or "nothing: that key holds a single value"
        raise Usage(
            f"there is no {key!r} here", where=place, accepted=accepted, next_step=near_match(key, map(str, names))
        )
    return names.index(key)
