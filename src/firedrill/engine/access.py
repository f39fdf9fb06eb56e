"""Asks a target, right by right, whether the drills could do what they do: every gap is found, not only the first.

Reads and asks ARM what the credentials in use are permitted; it never tries an operation to see whether it is refused.
What the list of permissions cannot tell (deny assignments, locks, policies, conditions of a role) it cannot tell either.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from firedrill.azure.arm import PERMISSIONS, Arm, Reply
from firedrill.azure.resources import Resource, resources
from firedrill.azure.rights import ACTIVITIES, LOOKING, Right, grants, needed
from firedrill.engine.preflight import ask
from firedrill.errors import CannotRun
from firedrill.model.target import Target

HAVE, MISSING, UNREAD = "have", "missing", "could not be read"
ABSENT, UNKNOWN = "not in the target", "not known"  # no resource of that kind is named; an activity of somebody else


class Finding(NamedTuple):
    """One line of the table. `about` is the right's operation, or "exists"; `why` is what Azure said, or who needs it."""

    about: str
    resource: str
    state: str
    why: str = ""


class Looked(NamedTuple):
    """A resource and what is permitted there: None when the list could not be read."""

    resource: Resource
    found: Reply
    permissions: list[dict[str, Any]] | None
    refusal: str = ""


def examine(target: Target, activities: Iterable[str], arm: Arm) -> list[Finding]:
    """Existence of every resource that the target names, then every right that the activities need, at each of them.

    CannotRun when ARM cannot be reached or the credentials are not taken.
    """
    looked = ask(lambda: [look(resource, arm) for resource in resources(target, arm.subscription)], target)
    wanted = sorted(set(activities))
    asked, here = needed(wanted), {each.resource.kind for each in looked}
    own = {right: ["firedrill check"] for right in LOOKING if right.kind in here and right not in asked}
    rows = [existence(each) for each in looked]
    rows += [row for right, askers in (own | asked).items() for row in judge(right, askers, looked)]
    return rows + [
        Finding("rights", each, UNKNOWN, "not an activity of ours") for each in wanted if each not in ACTIVITIES
    ]


def check_rights(target: Target, activities: Iterable[str]) -> None:
    """CannotRun that names every right which the activities need and the credentials in use do not have.

    Also where that cannot be read: with half of the rights a fault could not be put back.
    """
    if asked := needed(activities):
        arm, kinds = Arm(), {right.kind for right in asked}
        places = [each for each in resources(target, arm.subscription) if each.kind in kinds]
        looked = ask(lambda: [look(each, arm) for each in places], target)
        rows = [row for right, askers in asked.items() for row in judge(right, askers, looked)]
        refuse_gaps(rows, target.name, passed=(HAVE, ABSENT))  # what the target does not name is said better later


def refuse_gaps(findings: Sequence[Finding], target: str, *, passed: Collection[str] = (HAVE, UNKNOWN)) -> None:
    """CannotRun that names every gap: whatever is in a state that is not `passed`."""
    gaps = [row for row in findings if row.state not in passed]
    if not gaps:
        return
    lines = [f"  {row.about} on {row.resource}: {row.state}" for row in gaps]
    raise CannotRun(
        "\n".join([f"{len(gaps)} of {len(findings)} things that drills need on {target} are not there:", *lines]),
        where=f"target {target}",
        next_step="correct the names in the target file, or give the identity the role of infra/bicep/role.bicep",
    )


def look(resource: Resource, arm: Arm) -> Looked:
    found = arm.get(resource.id, resource.version)
    reply, permissions = arm.list(resource.id, PERMISSIONS)
    return Looked(resource, found, permissions if reply.ok else None, "" if reply.ok else reply.words)


def existence(looked: Looked) -> Finding:
    """404 is the only answer that says it is not there."""
    reply = looked.found
    state = HAVE if reply.ok else MISSING if reply.status == 404 else UNREAD
    return Finding("exists", looked.resource.short, state, "" if reply.ok else reply.words)


def judge(right: Right, askers: Sequence[str], looked: Sequence[Looked]) -> list[Finding]:
    """The right at every resource of its kind; one line that says so when the target names none."""
    who = f"for {', '.join(askers)}"
    places = [each for each in looked if each.resource.kind == right.kind]
    if not places:
        return [Finding(right.operation, right.kind, ABSENT, who)]
    return [verdict(right, place, who) for place in places]


def verdict(right: Right, place: Looked, who: str) -> Finding:
    if place.permissions is None:
        return Finding(right.operation, place.resource.short, UNREAD, place.refusal)
    has = grants(place.permissions, right)
    return Finding(right.operation, place.resource.short, HAVE if has else MISSING, "" if has else who)
