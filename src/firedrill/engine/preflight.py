"""What must be true before a drill may touch anything: nothing left open, rights, redundancy, and every guard content."""

import importlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

from firedrill.azure.clients import sql_client
from firedrill.content.activities import control_modules, step_modules
from firedrill.engine.chaos import arguments_of, gate
from firedrill.engine.place import Place
from firedrill.engine.subjects import FACTS, facts_of, subjects
from firedrill.errors import CannotRun, FiredrillError, NotRedundant
from firedrill.model.facts import NO, REDUNDANT
from firedrill.model.target import SqlSpec, Target
from firedrill.probes.sql import group_state
from firedrill.safety.home import home
from firedrill.safety.undo import open_undos

T = TypeVar("T")
BLOCKS = {"compute": "kubernetes"}  # the scale sets stand with the clusters that they carry


def refuse_open_undo(target: str) -> None:
    """CannotRun while an earlier run has left something to put back."""
    for undo in open_undos(home(), target):
        raise CannotRun(
            f"an earlier run on {target} ended before everything was put back",
            where=str(undo.run),
            next_step="firedrill recover",
        )


def check_target(target: Target, place: Place, experiment: dict[str, Any]) -> None:
    """Ask the control plane with the credentials that the drill will use; CannotRun says what is missing or not allowed."""
    check_imports(experiment)
    check_redundancy(target, place, experiment)
    check_guards(target, experiment)
    if unmet := ask(lambda: gate(experiment), target):
        raise CannotRun(
            f"the experiment would not begin: {unmet}",
            where=f"steady-state hypothesis of {experiment['title']!r}, target {target.name}",
            next_step="wait until it holds, or mend what it names, then run again",
        )


def check_imports(experiment: dict[str, Any]) -> None:
    """The engine leaves out, without a word, a control that it cannot import, and does not run such a step, not even an undo."""
    for module in (*control_modules(experiment), *step_modules(experiment)):
        try:
            importlib.import_module(module)
        except Exception as error:
            raise CannotRun(
                f"the module {module} cannot be imported: {type(error).__name__}: {error}",
                where=f"experiment {experiment['title']!r}",
                next_step="install what it needs, or take what calls it out of the experiment",
            ) from error


def check_redundancy(target: Target, place: Place, experiment: dict[str, Any]) -> None:
    """NotRedundant, which time may mend, when what the experiment is about has no second leg now."""
    about = subjects(experiment)
    if "sql" in about:
        check_group(target, place)
    for subject in (one for one in about if one in FACTS):
        check_named(target, subject)
        check_redundant(target, subject)


def check_group(target: Target, place: Place) -> None:
    """A failover group with both legs, the right way round."""
    check_named(target, "sql")
    sql, group = cast("SqlSpec", target.sql), target.azure.resource_group
    state = ask(lambda: group_state(sql_client(), group, sql.failover_group, sql.primary), target)
    if (state.role, state.state) != ("Primary", "CATCH_UP"):
        raise NotRedundant(
            f"{sql.primary} is {state.role} and replication is {state.state}",
            where=f"failover group {sql.failover_group} on {place.env.get('ARM_ENDPOINT', 'Azure')}",
            accepted=f"{sql.primary} Primary and CATCH_UP: a drill begins with redundancy",
            next_step="wait until it is, or fail back by hand, then run again",
        )


def check_named(target: Target, subject: str) -> None:
    block = BLOCKS.get(subject, subject)
    if getattr(target, block) is None and block != "stage":  # a fault of the stage refuses in words of its own
        raise CannotRun(
            f"the drill is about {subject}, and the target names nothing of it",
            where=f"target {target.name}",
            next_step=f"add the block `{block}:` to the target, or choose another drill",
        )


def check_redundant(target: Target, subject: str) -> None:
    facts = ask(facts_of(target, subject), target)
    short = [name for name, attribute, value in facts if (attribute, value) == (REDUNDANT, NO)]
    if short:
        known = "; ".join(f"{name} {attribute} {value}" for name, attribute, value in facts if name in short)
        raise NotRedundant(
            f"not redundant: {', '.join(short)}",
            where=f"target {target.name} ({known})",
            accepted="a drill begins with redundancy",
            next_step="wait until it is, or mend it, then run again",
        )


def check_guards(target: Target, experiment: dict[str, Any]) -> None:
    """Every action is asked whether it would refuse what it is to break. Nothing is touched."""
    for activity in experiment["method"]:
        provider = activity["provider"]
        if activity["type"] != "action" or provider["type"] != "python":
            continue
        action = getattr(importlib.import_module(provider["module"]), provider["func"])
        guard = getattr(getattr(action, "declared", None), "guard", None)
        if guard is not None:
            content(lambda: guard(**arguments_of(experiment, activity)), activity["name"], target)  # noqa: B023


def content(guard: Callable[[], None], name: str, target: Target) -> None:
    from chaoslib.exceptions import ActivityFailed

    try:
        ask(guard, target)
    except ActivityFailed as refusal:
        raise CannotRun(f"{name}: {refusal}", where=f"target {target.name}") from refusal


def ask(question: Callable[[], T], target: Target) -> T:
    """The answer, or the SDK's error in our words."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
    from chaoslib.exceptions import ActivityFailed

    where = f"target {target.name}"
    try:
        return question()
    except ClientAuthenticationError as error:
        words, advice = (
            f"the credentials were not accepted: {first_line(error)}",
            "check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or az login",
        )
    except HttpResponseError as error:
        code = error.error.code if error.error else error.status_code
        words, advice = (
            f"the control plane refused to be read: {code}: {first_line(error)}",
            "check the names in the target and the rights of the identity",
        )
    except AzureError as error:
        words, advice = (
            f"the control plane cannot be reached: {first_line(error)}",
            "check the network and the endpoints of the target",
        )
    except (ActivityFailed, FiredrillError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever else a client library raises, it could not be asked
        words, advice = f"could not be asked: {type(error).__name__}: {first_line(error)}", "check the target"
    raise CannotRun(words, where=where, next_step=advice)


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:300]
