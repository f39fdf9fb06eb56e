"""A Chaos Toolkit control for activities of chaosazure: at the endpoint of the target, and on record like our own.

chaosazure knows four clouds by name and signs in to those. Named under `controls:` of an experiment, this makes it ask where
`ARM_ENDPOINT` says, with the credentials that everything else here uses, and notes what it asked for, so that a run knows of the
fault. An activity that cannot be led there is not carried out: by itself it would ask the public cloud.

What chaosazure does not do is not made up for: it returns when Azure has accepted, not when it is done, it has no undo, and without a
filter it means every machine of the subscription.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from firedrill.actions.notes import note
from firedrill.actions.steps import FAULT, UNDO, Words
from firedrill.azure.clients import credential, endpoint
from firedrill.clock import monotonic
from firedrill.content.plans import declared_reversibility
from firedrill.model.interval import Interval

Activity = dict[str, Any]
PACKAGE = "chaosazure"
begun: dict[str, float] = {}
"""Actions that were asked for and have not returned, by name."""


def before_activity_control(context: Activity, experiment: dict[str, Any]) -> None:
    """InterruptExecution, which the engine heeds, when it cannot be led to the endpoint or cannot be written down."""
    from chaoslib.exceptions import InterruptExecution

    if not is_chaosazure(context):
        return
    try:
        lead_to_endpoint()
        if context["type"] == "action":
            announce(context, experiment)
    except Exception as error:
        raise InterruptExecution(f"{context['name']}: not carried out: {error}") from error


def after_activity_control(context: Activity, state: dict[str, Any], experiment: dict[str, Any]) -> None:
    """What became of it. `done` is when Azure had accepted: chaosazure does not wait for more."""
    name = context["name"]
    if name not in begun:
        return
    when, words = Interval(begun.pop(name), monotonic()), words_of(context, experiment)
    if state["status"] == "succeeded":
        note(words.accepted, name=name)
        note(words.done, name=name, when=when, status="Succeeded")
    else:
        note(words.failed, name=name, error=str((state.get("exception") or [state["status"]])[-1]).strip())


def lead_to_endpoint() -> None:
    """Replace the two names by which chaosazure finds its cloud. Importing it takes seconds, so only when it is needed."""
    import chaosazure

    chaosazure.auth = signed_in
    chaosazure.get_management_url_from_authority = lambda _secrets: endpoint()[0]


@contextlib.contextmanager
def signed_in(_secrets: Any) -> Iterator[Any]:
    yield credential()


def announce(context: Activity, experiment: dict[str, Any]) -> None:
    note(
        words_of(context, experiment).command,
        name=context["name"],
        on=f"{PACKAGE}/{context['provider']['func']}",
        planned=False,
        reversibility=declared_reversibility(experiment),
    )
    begun[context["name"]] = monotonic()


def words_of(context: Activity, experiment: dict[str, Any]) -> Words:
    rollbacks = [one["name"] for one in experiment.get("rollbacks") or []]
    return UNDO if context["name"] in rollbacks else FAULT


def is_chaosazure(context: Activity) -> bool:
    return str(context.get("provider", {}).get("module", "")).partition(".")[0] == PACKAGE
