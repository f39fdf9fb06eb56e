"""Fail a SQL failover group over, planned or forced, and fail it back.

Azure wants the call on the server that is to become primary. The state is read first, the POST is sent once, and
when its answer is lost the group itself is asked what happened. The time an operation takes is control plane,
never recovery time: the watches measure that.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from chaoslib.exceptions import ActivityFailed

from firedrill.actions.notes import note
from firedrill.actions.steps import FAULT, UNDO, Words, check_allowed, fault, refuse
from firedrill.azure.clients import poll_interval, sql_client
from firedrill.azure.operations import Done, PollTimes, Refused, Unclear, await_end, finish, start
from firedrill.clock import monotonic, sleep
from firedrill.model import events as kinds
from firedrill.model.interval import Interval
from firedrill.model.units import seconds
from firedrill.probes.sql import GroupState, group_state, replication_lag

__all__ = ["fail_back", "force_failover", "planned_failover", "try_planned_failover"]


class Group(NamedTuple):
    """One failover group, addressed through the server that is to be primary."""

    client: Any
    resource_group: str
    name: str
    to: str

    def state(self) -> GroupState:
        return group_state(self.client, self.resource_group, self.name, self.to)

    @property
    def address(self) -> tuple[str, str, str]:
        return (self.resource_group, self.to, self.name)


LATE_START_S = 5.0  # a request that left just before we were interrupted has shown its effect by then
under_way: dict[str, Any] = {}
"""Operations that this process sent and has not seen the end of, by group: the poller, or None while nobody has said 202.

An interrupt can come at any moment of a failover. Looking at the roles too early would show them as they were, and the
change would come after we had said that nothing was left to do."""


def check_change_over(resource_group: str, failover_group: str, to: str, within: str = "10m") -> None:  # noqa: ARG001 - an action's arguments
    """The guard: the group may be touched, `to` is not primary yet, and both legs stand."""
    for name in (failover_group, to):
        check_allowed("sql", name)
    state = Group(sql_client(), resource_group, failover_group, to).state()
    if state.role == "Primary":
        raise refuse(f"{to} is primary of {failover_group} already", change="name the other server")
    if state.state != "CATCH_UP":
        raise refuse(f"{failover_group} is {state.state}", accepted="CATCH_UP", change="wait until it is")


def check_forced(resource_group: str, failover_group: str, to: str, within: str = "10m", lag_at_most: str = "") -> None:
    """The guard: as for any change, and when `lag_at_most` is given, no more than that would be lost, and that is known."""
    check_change_over(resource_group, failover_group, to, within)
    if not lag_at_most:
        return
    lag, limit_s = replication_lag(), seconds(lag_at_most)
    if lag is None:
        raise refuse(
            f"nobody says how far {to} is behind (on a subscription it is replication_lag_sec of the view "
            "sys.dm_geo_replication_link_status in the primary database, which is not read here)",
            accepted=f"at most {lag_at_most}",
            change="look there yourself and leave lag_at_most out, or take a planned failover",
        )
    if lag > limit_s:
        raise refuse(
            f"{to} is {lag:.1f} s behind, so that much would be lost",
            accepted=f"at most {lag_at_most}",
            change="wait until it has caught up, or raise lag_at_most in the experiment",
        )


@fault("fail-back", undo="firedrill.actions.sql.fail_back", guard=check_forced)
def force_failover(
    resource_group: str,
    failover_group: str,
    to: str,
    within: str = "10m",
    lag_at_most: str = "",  # noqa: ARG001 - of the guard
) -> str:
    """Force `to` to become primary at once; commits that were not replicated are lost.

    With `lag_at_most` (5s) it is refused when more than that would be lost, or when nobody knows, as on a subscription.
    `within` bounds the wait for the control plane. Returns the operation's status. ActivityFailed when Azure
    refuses or when the group did not change over in time. Reversible only by failing back; lost data stays lost.
    """
    return change_over(
        resource_group, failover_group, to, within, "begin_force_failover_allow_data_loss", planned=False
    )


@fault("fail-back", undo="firedrill.actions.sql.fail_back", guard=check_change_over)
def planned_failover(resource_group: str, failover_group: str, to: str, within: str = "10m") -> str:
    """Let `to` become primary after a full sync: nothing is lost. Both servers must be up. Else as `force_failover`."""
    return change_over(resource_group, failover_group, to, within, "begin_failover", planned=True)


@fault("fail-back", undo="firedrill.actions.sql.fail_back", guard=check_change_over)
def try_planned_failover(resource_group: str, failover_group: str, to: str, within: str = "10m") -> str:
    """Planned when the primary can be reached, forced otherwise. Else as `force_failover`."""
    begin = "begin_try_planned_before_forced_failover"
    return change_over(resource_group, failover_group, to, within, begin, planned=True)


def fail_back(resource_group: str, failover_group: str, to: str, within: str = "10m") -> str:
    """Put the roles back: wait until the group is redundant, then a planned failover to `to`, then redundant again.

    Reads the real state first and may be called again at any time: when `to` is primary and redundant nothing is
    done. `within` bounds each of the waits. ActivityFailed when the roles are not back in time.
    """
    group, limit = Group(sql_client(), resource_group, failover_group, to), seconds(within)
    let_finish(group, limit)
    wait_for(group, "CATCH_UP", lambda state: state.state == "CATCH_UP", limit)
    if group.state().role == "Primary":
        note(kinds.UNDO_NOT_NEEDED, name=f"{to} is primary of {failover_group}", why="the roles are as they were")
        return "Succeeded"
    status = run_operation(group, group.client.failover_groups.begin_failover, limit, UNDO, planned=True)
    wait_for(group, "CATCH_UP", lambda state: (state.role, state.state) == ("Primary", "CATCH_UP"), limit)
    return status


def let_finish(group: Group, limit_s: float) -> None:
    """Finish and hold: let what was interrupted come to its end before looking at the state."""
    if group.name not in under_way:
        return
    poller = under_way.pop(group.name)
    if poller is not None:
        await_end(poller, limit_s)
        return
    deadline = monotonic() + LATE_START_S
    while group.state().state == "CATCH_UP" and monotonic() < deadline:
        sleep(poll_interval())


def change_over(resource_group: str, failover_group: str, to: str, within: str, begin: str, *, planned: bool) -> str:
    group = Group(sql_client(), resource_group, failover_group, to)
    return run_operation(group, getattr(group.client.failover_groups, begin), seconds(within), FAULT, planned=planned)


def run_operation(group: Group, begin: Callable[..., Any], limit_s: float, words: Words, *, planned: bool) -> str:
    """Send it, note each step, and return the final status; ActivityFailed says what Azure said."""
    name = f"{'planned' if planned else 'forced'} failover of {group.name} to {group.to}"
    say = functools.partial(note, name=name)
    say(words.command, on=f"sql/{group.name}/{group.to}", planned=planned, reversibility="fail-back")
    under_way[group.name] = None
    try:
        done = follow(begin, group, limit_s, functools.partial(say, words.accepted))
        del under_way[group.name]
    except (Refused, TimeoutError) as error:
        under_way.pop(group.name, None)
        say(words.failed, error=str(error))
        raise ActivityFailed(f"{name}: {error}") from error
    say(words.done, when=done.when, status=done.status)
    if done.status != "Succeeded":
        raise ActivityFailed(f"{name}: ended {done.status}")
    return done.status


def follow(begin: Callable[..., Any], group: Group, limit_s: float, accepted: Callable[..., None]) -> Done:
    """From the POST to the end. When an answer is lost, the group's own role decides what happened."""
    try:
        poller, times = start(begin, *group.address)
        under_way[group.name] = poller
        accepted(token=poller.continuation_token())
        return finish(poller, times, limit_s)
    except Unclear as doubt:
        note(kinds.DOUBT, name=str(doubt))
        since = monotonic()
        wait_for(group, "Primary", lambda state: state.role == "Primary", limit_s)
        return Done(Interval(since, monotonic()), "Succeeded")


def finish_pending(resource_group: str, failover_group: str, to: str, token: str, within: str = "10m") -> str:
    """Wait for an operation that a dead run had started, from its continuation token; nothing is sent again."""
    group = Group(sql_client(), resource_group, failover_group, to)
    poller = group.client.failover_groups.begin_failover(*group.address, continuation_token=token)
    try:
        return finish(poller, PollTimes(), seconds(within)).status
    except Unclear:
        return "Unknown"  # fail_back reads the real state next


def wait_for(group: Group, what: str, reached: Callable[[GroupState], bool], limit_s: float) -> None:
    """Ask until the group is as wanted; ARM has no event to wait on. TimeoutError names what was seen last."""
    deadline = monotonic() + limit_s
    while not reached(state := group.state()):
        if monotonic() > deadline:
            raise TimeoutError(
                f"{group.name} is {state.role}, {state.state} on {group.to} after {limit_s:g} s, not {what}"
            )
        sleep(poll_interval())
