"""Lanes of causes: the fault, its undo, and what the control plane and name resolution showed meanwhile.

Everything is read from events. A change that was seen by polling lies between two polls, and is drawn so.
"""

from itertools import groupby, pairwise
from typing import Any

from markupsafe import Markup

from firedrill.model import events
from firedrill.model.history import Event, History
from firedrill.model.reversibility import mending
from firedrill.report import svg
from firedrill.report.figures import offset
from firedrill.report.lane import BAR, Lane, label_on_bar
from firedrill.report.scale import Axis

LAG = "lag_s"  # the attribute of an observation that is a number over time; it has a chart of its own
SILENCE = "answers"  # recorded once when a question went unanswered: a moment, not a state with an end
LEADING = frozenset({"primary", "leader", "active", "enabled", "closed", "live"})
FOLLOWING = frozenset({"secondary", "catch_up", "standby", "follower", "ready"})
HEIGHT = BAR + 9


class Change:
    """One observed value of one attribute: known from `since` on, first possible at `low`."""

    __slots__ = ("low", "since", "value", "was")

    def __init__(self, event: Event) -> None:
        self.low = float(event.data.get("low", event.at))
        self.since = float(event.data.get("high", event.at))
        self.value = said(event.data.get("value"))
        self.was = said(event.data.get("was"))


def said(value: Any) -> str:
    return "" if value is None else str(value)


def cause_lanes(history: History) -> list[Lane]:
    after = mending(said(row.data.get("reversibility")) for row in history.of_kind(events.FAULT_COMMAND))
    mended = deeds(history, "undo", after.noun.capitalize())
    return [*deeds(history, "fault", "Fault"), *mended, *observed_lanes(history)]


def deeds(history: History, prefix: str, title: str) -> list[Lane]:
    """One lane per command of this kind, with command, accepted and done."""
    commands = history.of_kind(f"{prefix}.command")
    names = list(dict.fromkeys(said(event.data.get("name")) for event in commands))
    return [deed_lane(history, prefix, title, name) for name in names]


def deed_lane(history: History, prefix: str, title: str, name: str) -> Lane:
    mine = [row for row in history.events if row.kind.startswith(f"{prefix}.") and said(row.data.get("name")) == name]
    on = next((said(row.data.get("on")) for row in mine if row.data.get("on")), "")

    tries = attempts(mine, f"{prefix}.command")

    def paint(axis: Axis, top: float) -> Markup:
        ends = [*(min(axis.right, axis.at(attempt[0].at)) for attempt in tries[1:]), axis.right]
        shapes = [deed(attempt, axis, top, name, prefix, end) for attempt, end in zip(tries, ends, strict=True)]
        return svg.join([*shapes, elsewhere(tries, axis, top, name)])

    return Lane(title, f"on {on}" if on else "", HEIGHT, paint)


def attempts(rows: list[Event], command: str) -> list[list[Event]]:
    """The events of each command, from it to the next one of the same name."""
    starts = [index for index, row in enumerate(rows) if row.kind == command]
    return [rows[start:end] for start, end in zip(starts, [*starts[1:], len(rows)], strict=True)]


def elsewhere(tries: list[list[Event]], axis: Axis, top: float, name: str) -> Markup:
    """When everything lies after this window, a word at its edge says when."""
    if tries[0][0].at <= axis.window.end:
        return Markup("")
    when = offset(tries[0][0].at - axis.window.zero)
    words = svg.shortened(f"{name}, at {when} \u2192", axis.right - axis.left)
    return svg.text(axis.right, top + BAR - 3, words, "later", "end")


def deed(rows: list[Event], axis: Axis, top: float, name: str, prefix: str, end: float) -> Markup:
    """Thin until accepted, full until seen done, hatched between the last two polls; open when it never ended. Its words stop at `end`."""
    begun = rows[0].at
    accepted = next((row.at for row in rows if row.kind.endswith(".accepted")), begun)
    ended = next((row for row in rows if row.kind.endswith((".done", ".failed"))), None)
    low, high = (float("inf"), float("inf")) if ended is None else limits(ended)
    if not axis.window.overlaps(begun, high):
        return Markup("")
    left, start, sure, right = (
        axis.at(moment) for moment in (begun, accepted, max(accepted, low), max(accepted, high))
    )
    failed = ended is not None and ended.kind.endswith(".failed")
    return svg.join(
        [
            svg.rect(left, top + BAR / 2 - 1.5, start - left, 3, prefix, f"{name}: asked, not yet accepted"),
            svg.rect(start, top, max(sure - start, 3), BAR, "bad" if failed else prefix, f"{name}: under way"),
            svg.rect(sure, top, right - sure, BAR, "polled", "over somewhere in here: seen by polling"),
            name_of_deed(start, sure, right, top, f"{name}: failed" if failed else name, f"on-{prefix}", end),
        ]
    )


def name_of_deed(left: float, sure: float, right: float, top: float, words: str, css: str, end: float) -> Markup:
    """On the bar when it fits there in full, else beside it, as far as there is room."""
    if svg.width_of(words) + 10 <= sure - left:
        return label_on_bar(left, sure, top, words, css)
    beside = svg.shortened(words, end - right - 8)
    return svg.text(max(right, left + 3) + 5, top + BAR - 3, beside, "beside") if beside else Markup("")


def limits(event: Event) -> tuple[float, float]:
    return float(event.data.get("low", event.at)), float(event.data.get("high", event.at))


def observations(history: History) -> list[Event]:
    return [row for row in history.of_kind(events.OBSERVED) if row.data.get("attribute") not in (LAG, SILENCE)]


def observed(history: History) -> list[tuple[str, str, list[Change]]]:
    """Subject, attribute, and every value that was seen of it."""

    def subject(row: Event) -> tuple[str, str]:
        return said(row.data.get("subject")), said(row.data.get("attribute"))

    rows = sorted(observations(history), key=lambda row: (subject(row), row.at))
    return [(*key, [Change(row) for row in found]) for key, found in groupby(rows, key=subject)]


def observed_lanes(history: History) -> list[Lane]:
    """Of what changed; the rest would only hide it."""
    return [
        observed_lane(name, attribute, changes, history.events[-1].at)
        for name, attribute, changes in observed(history)
        if moved(changes)
    ]


def unmoved(history: History) -> list[str]:
    """What was looked at and stayed what it was, in words."""
    return [
        f"{name} {attribute} {changes[0].value}" for name, attribute, changes in observed(history) if not moved(changes)
    ]


def moved(changes: list[Change]) -> bool:
    return len({value for change in changes for value in (change.value, change.was) if value}) > 1


def observed_lane(subject: str, attribute: str, changes: list[Change], end: float) -> Lane:
    spans = [(change.since, following.low, following.since, change.value) for change, following in pairwise(changes)]
    spans.append((changes[-1].since, end, end, changes[-1].value))
    if changes[0].was:
        spans.insert(0, (0.0, changes[0].low, changes[0].since, changes[0].was))

    def paint(axis: Axis, top: float) -> Markup:
        return svg.join([held(axis, top, *row) for row in spans if axis.window.overlaps(row[0], row[2])])

    return Lane(subject, attribute, HEIGHT, paint, stacked=False)


def held(axis: Axis, top: float, since: float, until: float, gone: float, value: str) -> Markup:
    """One value for as long as it was held, and the stretch between two polls in which it changed."""
    left, sure, right = axis.at(since), axis.at(until), axis.at(gone)
    css = value_css(value)
    return svg.join(
        [
            svg.rect(left, top, max(sure - left, 1), BAR, css, value),
            svg.rect(sure, top, right - sure, BAR, "polled", "changed somewhere in here: seen by polling"),
            label_on_bar(left, sure, top, value, f"on-{css}"),
        ]
    )


def value_css(value: str) -> str:
    word = value.lower()
    if word in LEADING:
        return "leading"
    return "following" if word in FOLLOWING else "other"
