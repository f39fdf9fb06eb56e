"""A Chaos Toolkit experiment as data, refused here when the engine would run it differently than it reads.

The engine records an unknown provider type as succeeded, leaves a misspelled `rollback:` out without a word, and
passes `${name}` through when there is no such name. So: known keys only, known provider types, functions and
arguments that exist, names that are configured, and a way back for every fault. Nothing is imported.
"""

import re
from pathlib import Path
from typing import Any

from firedrill.content.project import find
from firedrill.content.shape import (
    At,
    Choice,
    Flag,
    Key,
    Many,
    Matching,
    Named,
    Record,
    Schema,
    Shape,
    Text,
    in_words,
    near_match,
)
from firedrill.content.source import DOTTED, find_function, functions_of
from firedrill.content.yaml import read_document

REVERSIBILITY = ("self-heals", "reversible", "fail-back", "one-way")
WITHOUT_ROLLBACK = ("self-heals", "one-way")
GIVEN_BY_ENGINE = {"configuration", "secrets"}
LEVELS = ("experiment", "hypothesis", "method", "rollback", "activity", "loading_experiment")
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


class Anything(Shape[Any]):
    """Left to the engine."""

    def read(self, value: object, at: At) -> Any:  # noqa: ARG002 - a shape may be pleased with everything
        return value

    def schema(self) -> Schema:
        return {}


ANYTHING = Anything()
PROVIDER = Record[dict[str, Any]](
    dict,
    Key("type", Choice(("python", "http", "process")), "what carries it out", required=True),
    Key("module", Matching(rf"{DOTTED}|\w+", "a module: firedrill.actions.sql"), "python: the module"),
    Key("func", Matching(r"[A-Za-z_]\w*", "a function"), "python: the function"),
    Key("arguments", ANYTHING, "arguments by name"),
    Key("secrets", Many(Text(200)), "names of secrets to pass"),
    Key("url", Text(), "http: the address"),
    Key("method", Text(20), "http: the method"),
    Key("headers", Named(ANYTHING), "http: headers"),
    Key("expected_status", ANYTHING, "http: the status that is success"),
    Key("verify_tls", Flag(), "http: check the certificate"),
    Key("path", Text(), "process: the program"),
    Key("timeout", ANYTHING, "http and process: seconds"),
)
CONTROLS = Many(
    Record[dict[str, Any]](
        dict,
        Key("name", Text(200), "what it is called"),
        Key("ref", Text(200), "one of those above, by name"),
        Key("provider", PROVIDER, "what carries it out"),
        Key("scope", Choice(("before", "after")), "only then"),
        Key("automatic", Flag(), "use it everywhere"),
    )
)
# What the engine calls in the module of a control.
HOOKS = {f"{when}_{what}_control" for when in ("before", "after") for what in LEVELS} | {
    "configure_control",
    "cleanup_control",
}
NEEDED = {"python": ("module", "func"), "http": ("url",), "process": ("path",)}
ACTIVITY = Record[dict[str, Any]](
    dict,
    Key("name", Text(200), "what it does, in words", required=True),
    Key("type", Choice(("action", "probe")), "action or probe", required=True),
    Key("provider", PROVIDER, "what carries it out", required=True),
    Key("tolerance", ANYTHING, "what a probe of the hypothesis must answer"),
    Key("pauses", ANYTHING, "seconds before and after"),
    Key("background", Flag(), "do not wait for it"),
    Key("controls", CONTROLS, "hooks"),
)
HYPOTHESIS = Record[dict[str, Any]](
    dict,
    Key("title", Text(200), "what must hold", required=True),
    Key("probes", Many(ACTIVITY, 1), "the questions", required=True),
    Key("controls", CONTROLS, "hooks"),
)
EXTENSION = Record[dict[str, Any]](
    dict,
    Key("name", Text(100), "whose it is", required=True),
    Key("reversibility", Choice(REVERSIBILITY), "what putting back means for this fault"),
)
EXPERIMENT = Record[dict[str, Any]](
    dict,
    Key("title", Text(200), "the fault, in words", required=True),
    Key("description", Text(), "what happens", required=True),
    Key("version", Text(20), "of the format"),
    Key("tags", Many(Text(60)), "for search"),
    Key("contributions", ANYTHING, "for reports of the engine"),
    Key("configuration", Named(ANYTHING), "values and where they come from"),
    Key("secrets", ANYTHING, "secrets and where they come from"),
    Key("steady-state-hypothesis", HYPOTHESIS, "the gate: without it nothing is injected"),
    Key("method", Many(ACTIVITY, 1), "the fault", required=True),
    Key("rollbacks", Many(ACTIVITY), "what mends it", required=True),
    Key("controls", CONTROLS, "hooks"),
    Key("extensions", Many(EXTENSION), "for firedrill: reversibility"),
    Key("runtime", ANYTHING, "for the engine's own command"),
)


def load_experiment(name: str | Path, project: Path, where: str = "") -> dict[str, Any]:
    """The experiment as the engine takes it, validated. `where` names the drill's line for the error. InvalidFile otherwise."""
    document = read_document(find(project, "experiments", name, where))
    at = At(document)
    # Keys with a dash cannot be arguments of anything but a dict, which is what is made of them.
    EXPERIMENT.read(document.data, at)
    check_configuration(document.data.get("configuration", {}), at.child("configuration"))
    check_way_back(document.data, at)
    check_controls(document.data, at, project)
    known = {*document.data.get("configuration", {}), *secret_names(document.data)}
    for activity, spot in activities(document.data, at):
        check_provider(activity["provider"], spot.child("provider"), project, known)
    return document.data


def activities(data: dict[str, Any], at: At) -> list[tuple[dict[str, Any], At]]:
    """Everything that the engine would carry out, with its place."""
    hypothesis = at.child("steady-state-hypothesis").child("probes")
    groups = (
        (data.get("steady-state-hypothesis", {}).get("probes", []), hypothesis),
        (data["method"], at.child("method")),
        (data["rollbacks"], at.child("rollbacks")),
    )
    found = [(item, spot.child(index, item["name"])) for items, spot in groups for index, item in enumerate(items)]
    for item, spot in found[: len(groups[0][0])]:
        if "tolerance" not in item:
            raise spot.refuse("a probe of the hypothesis needs a tolerance", "tolerance: the answer that is good")
    return found


def secret_names(data: dict[str, Any]) -> set[str]:
    secrets = data.get("secrets", {})
    return {name for group in secrets.values() if isinstance(group, dict) for name in group} if secrets else set()


def check_configuration(configuration: dict[str, Any], at: At) -> None:
    """Plain values, or values of the environment."""
    for name, value in configuration.items():
        if not isinstance(value, dict) or "type" not in value:
            continue
        spot, accepted = at.child(name), "{type: env, key: NAME, default: ...}"
        if value["type"] != "env" or not isinstance(value.get("key"), str):
            raise spot.refuse(f"{in_words(value['type'])} is not accepted as a source", accepted)
        if stray := set(value) - {"type", "key", "default", "env_var_type"}:
            raise spot.refuse(f"unknown key {min(stray)!r}", accepted)


def check_way_back(data: dict[str, Any], at: At) -> None:
    """A fault has a rollback, or says that it heals by itself or cannot be undone."""
    declared = [one["reversibility"] for one in data.get("extensions", []) if "reversibility" in one]
    if not any(step["type"] == "action" for step in data["method"]):
        raise at.child("method").refuse("there is no action: nothing would be injected", "at least one type: action")
    if not data["rollbacks"] and not set(declared) & set(WITHOUT_ROLLBACK):
        accepted = f"a rollback, or extensions: [{{name: firedrill, reversibility: {' or '.join(WITHOUT_ROLLBACK)}}}]"
        raise at.child("rollbacks").refuse("nothing puts this fault back, and it does not say why", accepted)
    names = [step["name"] for step in data["rollbacks"]]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise at.child("rollbacks").refuse(
            f"two are called {twice!r}", "a name for each: what was put back is known by its name"
        )


def check_controls(data: dict[str, Any], at: At, project: Path) -> None:
    """Every control is there and does something: the engine leaves out, without a word, what it cannot import."""
    gate = at.child("steady-state-hypothesis")
    holders = [(data, at), (data.get("steady-state-hypothesis", {}), gate), *activities(data, at)]
    for holder, spot in holders:
        for index, control in enumerate(holder.get("controls", [])):
            if control.get("provider", {}).get("type") == "python":
                name = control.get("name", str(index))
                check_control(control["provider"], spot.child("controls").child(index, name).child("provider"), project)


def check_control(provider: dict[str, Any], at: At, project: Path) -> None:
    """A module that is there, with at least one of the functions that the engine calls."""
    offered = functions_of(project, str(provider.get("module", "")), at.child("module"))
    if not HOOKS & offered.keys():
        raise at.child("module").refuse(f"{provider['module']} does nothing as a control", ", ".join(sorted(HOOKS)))


def check_provider(provider: dict[str, Any], at: At, project: Path, known: set[str]) -> None:
    for key in NEEDED[provider["type"]]:
        if key not in provider:
            raise at.refuse(f"a {provider['type']} provider needs the key {key!r}", ", ".join(NEEDED[provider["type"]]))
    check_placeholders(provider, at, known)
    if provider["type"] == "python":
        check_arguments(provider, at, project)


def check_placeholders(value: object, at: At, known: set[str]) -> None:
    """Every `${name}` is configured: the engine would pass the text itself on."""
    if isinstance(value, str):
        for name in PLACEHOLDER.findall(value):
            if name not in known:
                raise at.refuse(f"${{{name}}} is not configured", ", ".join(sorted(known)), near_match(name, known))
    for key, item in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else []):
        check_placeholders(item, at.child(key), known)


def check_arguments(provider: dict[str, Any], at: At, project: Path) -> None:
    """The function exists and takes these arguments."""
    function = find_function(project, provider["module"], provider["func"], at.child("func"))
    given = provider.get("arguments", {})
    if not isinstance(given, dict):
        raise at.child("arguments").refuse(f"{in_words(given)} is not a mapping", "arguments by name")
    for name in given:
        if function.arguments is not None and name not in function.arguments:
            accepted = sorted(function.arguments)
            raise (
                at.child("arguments")
                .child(name)
                .refuse(f"{function.name} takes no argument {name!r}", ", ".join(accepted), near_match(name, accepted))
            )
    for name in sorted(function.needed - set(given) - GIVEN_BY_ENGINE):
        raise at.child("arguments").refuse(
            f"{function.name} needs the argument {name!r}", f"add the line `{name}: ...`"
        )
