"""Fail a storage account over, and mend what that leaves.

A forced failover is one-way: what had not been copied is lost, the copy in the old region is deleted, and the account
is left with one copy. Making it geo-redundant again is called re-protection, which undoes nothing. A planned failover
loses nothing, and a second one brings the account home. The SDK's own default is a planned one, so the kind is always said.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from firedrill.actions.steps import (
    FAULT,
    UNDO,
    Step,
    Words,
    check_allowed,
    fault,
    follow,
    let_finish,
    not_needed,
    observed,
    refuse,
    send,
    step,
    wait_until,
)
from firedrill.azure.clients import storage_client
from firedrill.clock import stamp, utc_now
from firedrill.model.units import seconds
from firedrill.probes.storage import GEO_REDUNDANT, LIVE, GeoState, geo_state

__all__ = ["bring_home", "forced_failover", "planned_failover", "reprotect"]


class Account(NamedTuple):
    """One storage account of a subscription."""

    client: Any
    resource_group: str
    name: str

    def state(self) -> GeoState:
        return geo_state(self.client, self.resource_group, self.name)

    def busy(self) -> bool:
        return self.state().failing_over

    @property
    def address(self) -> str:
        return f"storage/{self.name}"

    def fail_over(self, kind: str | None) -> Callable[..., Any]:
        """`kind` is Planned, or None for a forced one: the SDK's own default is Planned."""
        return functools.partial(self.client.storage_accounts.begin_failover, failover_type=kind)


def account_of(resource_group: str, account: str) -> Account:
    return Account(storage_client(), resource_group, account)


def check_forced(resource_group: str, account: str, lag_at_most: str = "15m", within: str = "2h") -> None:  # noqa: ARG001 - an action's arguments
    """The guard: the account may be touched, has a second copy, and that copy is not further behind than `lag_at_most`."""
    check_allowed("storage", account)
    state = account_of(resource_group, account).state()
    check_redundant(account, state)
    lag, limit = state.lag_s(utc_now()), seconds(lag_at_most)
    if lag is None:
        raise refuse(f"the Last Sync Time of {account} is not known", change="wait until the platform says it")
    if lag > limit:
        raise refuse(
            f"the Last Sync Time of {account} is {lag:.0f} s old, so that much would be lost",
            accepted=f"at most {lag_at_most}",
            change="wait until the copy has caught up, or raise lag_at_most in the experiment",
        )


def check_planned(resource_group: str, account: str, within: str = "2h") -> None:  # noqa: ARG001 - an action's arguments
    """The guard: the account may be touched, has a second copy, and is at home, which is where `bring_home` brings it back to."""
    check_allowed("storage", account)
    state = account_of(resource_group, account).state()
    check_redundant(account, state)
    if state.primary != state.home:
        raise refuse(
            f"{account} is served from {state.primary} already, away from its home",
            accepted=f"an account that is served from {state.home}",
            change="bring it home first: firedrill.actions.storage.bring_home",
        )


def check_redundant(account: str, state: GeoState) -> None:
    if not state.redundant:
        raise refuse(
            f"{account} is {state.words}: there is no second copy to fail over to",
            accepted=f"a SKU that ends in {' or '.join(GEO_REDUNDANT)}, with a copy that is {LIVE}",
            change="wait until it is, or make it geo-redundant",
        )


@fault("one-way", undo="firedrill.actions.storage.reprotect", guard=check_forced)
def forced_failover(resource_group: str, account: str, lag_at_most: str = "15m", within: str = "2h") -> str:  # noqa: ARG001 - the guard's
    """Have the other region take over at once. One-way: the old copy is deleted and the account is left with one copy.

    What was written after the Last Sync Time is lost; refused when that is older than `lag_at_most`. `within` bounds the
    wait for the control plane (durations with units). Returns the region that took over. ActivityFailed when Azure
    refuses or it did not end in time. Nothing undoes it; `reprotect` makes the account geo-redundant again.
    """
    return change_over(account_of(resource_group, account), FAULT, None, seconds(within), "one-way")


@fault("fail-back", undo="firedrill.actions.storage.bring_home", guard=check_planned)
def planned_failover(resource_group: str, account: str, within: str = "2h") -> str:
    """Let the regions change places after everything was copied: nothing is lost, and the account stays geo-redundant.

    Both regions must be up. Nobody can write meanwhile. Else as `forced_failover`; `bring_home` brings it back.
    """
    return change_over(account_of(resource_group, account), FAULT, "Planned", seconds(within), "fail-back")


def reprotect(resource_group: str, account: str, sku: str = "Standard_RAGRS", within: str = "24h") -> str:
    """Re-protection after a forced failover: make the account geo-redundant again, as `sku`, and wait until its copy is Live.

    This undoes nothing: what was lost stays lost and the account stays where it is. Azure promises no time for it.
    Reads the real state first and may be called again at any time. Returns the SKU.
    """
    target, limit = account_of(resource_group, account), seconds(within)
    name = f"re-protect {account} as {sku}"
    let_finish(target.address, target.busy, limit)
    state = target.state()
    if state.redundant:
        not_needed(name, f"it is {state.words}")
        return state.sku
    with step(UNDO, name, on=target.address, reversibility="one-way") as change:
        if not state.geo_redundant:
            body = {"sku": {"name": sku}}
            request = target.client.storage_accounts.update
            send(change, request, resource_group, account, body, happened=lambda: target.state().geo_redundant)
        wait_until(lambda: target.state().redundant, limit, f"the second copy of {account} is not {LIVE}")
    note_state(account, "after", target.state())
    return target.state().sku


def bring_home(resource_group: str, account: str, within: str = "2h") -> str:
    """Bring an account back to the region that it was made in, with a planned failover: nothing is lost on the way.

    Reads the real state first and may be called again at any time: at home and geo-redundant nothing is done. Waits for
    the second copy before it and after it, each at most `within`. Returns the region.
    """
    target, limit = account_of(resource_group, account), seconds(within)
    let_finish(target.address, target.busy, limit)
    no_copy = f"the second copy of {account} is not {LIVE}, without which it cannot be moved"
    wait_until(lambda: target.state().redundant, limit, no_copy)
    state = target.state()
    if state.primary == state.home:
        not_needed(f"{account} is served from {state.home}", "it is at home")
        return state.home
    change_over(target, UNDO, "Planned", limit, "fail-back")
    wait_until(lambda: target.state().redundant, limit, f"the second copy of {account} is not {LIVE} again")
    return target.state().primary


def change_over(account: Account, words: Words, kind: str | None, limit_s: float, reversibility: Any) -> str:
    """From the request until the other region serves; the geo state is noted before and after."""
    before = account.state()
    planned = kind == "Planned"
    name = f"{'planned' if planned else 'forced'} failover of {account.name} away from {before.primary}"
    note_state(account.name, "before", before)
    with step(words, name, on=account.address, reversibility=reversibility, planned=planned) as change:
        follow(change, account.fail_over(kind), account[1:], limit_s, lambda: moved(account, before))
        check_moved(account, before, change)
    after = account.state()
    note_state(account.name, "after", after)
    return after.primary


def moved(account: Account, before: GeoState) -> bool:
    now = account.state()
    return now.primary != before.primary and not now.failing_over


def check_moved(account: Account, before: GeoState, change: Step) -> None:
    if account.state().primary == before.primary:
        raise RuntimeError(f"{change.name} ended, and the account is still served from {before.primary}")


def note_state(account: str, when: str, state: GeoState) -> None:
    """The geo state on record: what it is, and what the platform says is safe."""
    synced = stamp(state.synced) if state.synced else "not known"
    observed(account, f"geo state {when}", f"{state.words}, last sync {synced}")
