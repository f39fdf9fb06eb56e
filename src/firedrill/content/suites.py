"""A suite file becomes a `Suite`, or an error that says which line to change and how.

A suite names drills; it never describes one. Whether the drills themselves are good, with what the suite lays over
them, is asked by `check_drills` and again, with the target, when the run is planned: before anything is touched.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, get_args

from firedrill.content.drills import SPELL, load_drill
from firedrill.content.plans import Order, Plan, describe, make_plan
from firedrill.content.project import find, find_project, project_of
from firedrill.content.settings import read_settings
from firedrill.content.shape import At, Choice, Key, Many, Matching, Record, Schema, Shape, Text, in_words
from firedrill.content.targets import load_target
from firedrill.content.yaml import read_document
from firedrill.errors import FiredrillError, InvalidFile, Usage
from firedrill.model.suite import Between, Step, Stop, Suite
from firedrill.model.target import Target

SETTING = Matching(r"[^=\s][^=]*=.*", "KEY=VALUE, as after --set: load.rate=10/s")
LONG_STEP = Record(
    Step,
    Key("drill", Text(300), "a name from drills/, or a path", required=True),
    Key("set", Many(SETTING, 1), "overrides for this drill: KEY=VALUE, as after --set", "overrides"),
)
BETWEEN = Record(
    Between,
    Key("redundancy within", SPELL, "how long to wait for it before the next drill", "redundancy_s"),
)


class StepShape(Shape[Step]):
    """`name`, or `{drill: name, set: [KEY=VALUE]}`."""

    def read(self, value: object, at: At) -> Step:
        if isinstance(value, dict):
            return LONG_STEP.read(value, at)
        if not isinstance(value, str):
            raise at.refuse(f"{in_words(value)} is not a drill", "a name, or {drill: NAME, set: [KEY=VALUE]}")
        return Step(Text(300).read(value, at))

    def schema(self) -> Schema:
        return {"anyOf": [Text(300).schema(), LONG_STEP.schema()]}


SUITE: Record[dict[str, Any]] = Record(
    dict,
    Key("suite", Text(120), "the title, in words", "title", required=True),
    Key("because", Text(), "why these drills, and when: one sentence", required=True),
    Key("drills", Many(StepShape(), 1), "what is run, in this order", required=True),
    Key("between", BETWEEN, "before each drill but the first"),
    Key("stop on", Many(Choice(get_args(Stop)), 1), "after which endings the rest is left out", "stop_on"),
)


class SuitePlan(NamedTuple):
    """Everything that a suite would do, read and checked; nothing touched yet."""

    project: Path
    suite: Suite
    target: Target
    order: Order  # what was asked for, for all drills; its `drill` is the suite
    steps: tuple[tuple[Order, Plan], ...]  # each drill as if it had been asked for by itself


def load_suite(name: str | Path, project: Path | None = None) -> Suite:
    """The suite that a path or a bare name means. Its drills exist; they are not read. InvalidFile or Usage otherwise."""
    project = project or find_project()
    path = find(project, "drills/suites", name)
    document = read_document(path)
    at = At(document)
    suite = Suite(name=path.stem, **SUITE.read(document.data, at))
    if "put-back" not in suite.stop_on:
        accepted = "put-back, and what else should stop it"
        raise at.child("stop on").refuse("what is not put back must stop a suite", accepted, "add `put-back`")
    for index, step in enumerate(suite.drills):
        check_step(step, at.child("drills").child(index, str(index + 1)), project)
    return suite


def check_step(step: Step, at: At, project: Path) -> None:
    find(project, "drills", step.drill, at.document.where(at.trail))
    try:
        read_settings(step.overrides)
    except FiredrillError as error:
        raise at.child("set").refuse(error.what, error.accepted, error.next_step) from error


def check_drills(suite: Suite, project: Path) -> None:
    """Read every drill with what the suite lays over it; the first error is raised."""
    for step in suite.drills:
        with blaming(suite):
            load_drill(step.drill, project, step.overrides)


@contextmanager
def blaming(suite: Suite) -> Iterator[None]:
    """An error about an override says which suite laid it over the drill."""
    try:
        yield
    except (InvalidFile, Usage) as error:
        if not error.where.startswith("--set"):
            raise
        where = f"{error.where}, in suite {suite.name} or on the command line"
        raise InvalidFile(error.what, where=where, accepted=error.accepted, next_step=error.next_step) from error


def plan_suite(order: Order) -> SuitePlan:
    """Read every file that the suite needs. `order.drill` names it; what `order` overrides is laid over all its drills."""
    project = project_of(order.drill)
    suite = load_suite(order.drill, project)
    target = load_target(order.target, project, order.overrides)
    orders = [order_of(step, order, project) for step in suite.drills]
    with blaming(suite):
        return SuitePlan(project, suite, target, order, tuple((one, make_plan(one)) for one in orders))


def describe_suite(plan: SuitePlan) -> dict[str, Any]:
    """For people and programs: in which order, what is waited for and what stops it, then the plan of each drill."""
    return {
        "suite": plan.suite.name,
        "because": plan.suite.because,
        "target": plan.target.name,
        "redundancy within": f"{plan.suite.between.redundancy_s:g} s, before each drill but the first",
        "stops on": list(plan.suite.stop_on),
        "drills": [describe(each) | with_overrides(order) for order, each in plan.steps],
    }


def with_overrides(order: Order) -> dict[str, Any]:
    return {"set": list(order.overrides)} if order.overrides else {}


def order_of(step: Step, order: Order, project: Path) -> Order:
    """One drill of the suite, as if it had been asked for by itself. The suite ends the stage, not its drills."""
    path = find(project, "drills", step.drill)
    return order._replace(drill=str(path), overrides=(*step.overrides, *order.overrides), keep_stage=False)
