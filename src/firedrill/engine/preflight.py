"""What must be true before a drill may touch anything: nothing left open, rights, and a redundant group."""

from typing import Any

from firedrill.azure.clients import sql_client
from firedrill.engine.place import Place
from firedrill.errors import CannotRun
from firedrill.model.target import Target
from firedrill.probes.sql import GroupState, group_state
from firedrill.safety.home import home
from firedrill.safety.undo import open_undos


def refuse_open_undo(target: str) -> None:
    """CannotRun while an earlier run has left something to put back."""
    for undo in open_undos(home(), target):
        raise CannotRun(
            f"an earlier run on {target} ended before everything was put back",
            where=str(undo.run),
            next_step="firedrill recover",
        )


def check_target(target: Target, place: Place) -> GroupState:
    """Ask the control plane with the credentials that the drill will use; CannotRun says what is missing."""
    state = ask(
        lambda: group_state(sql_client(), target.azure.resource_group, target.sql.failover_group, target.sql.primary),
        target,
    )
    if (state.role, state.state) != ("Primary", "CATCH_UP"):
        raise CannotRun(
            f"{target.sql.primary} is {state.role} and replication is {state.state}",
            where=f"failover group {target.sql.failover_group} on {place.env.get('ARM_ENDPOINT', 'Azure')}",
            accepted=f"{target.sql.primary} Primary and CATCH_UP: a drill begins with redundancy",
            next_step="wait until it is, or fail back by hand, then run again",
        )
    return state


def ask(question: Any, target: Target) -> GroupState:
    """The answer, or the SDK's error in our words."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    where = f"target {target.name}"
    try:
        return question()  # type: ignore[no-any-return]
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
    raise CannotRun(words, where=where, next_step=advice)


def first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300]
