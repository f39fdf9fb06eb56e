"""Delete many blobs at once, as a slip of the hand would, and have them back from soft delete.

Refused where soft delete is off: then nothing could bring them back. Refused, too, where something under the same
prefix is deleted already: the undo could not tell it from what the drill deleted.
"""

from typing import Any

from firedrill.actions.steps import FAULT, UNDO, check_allowed, fault, not_needed, observed, refuse, step
from firedrill.azure import blobs
from firedrill.azure.clients import blob_client, storage_client
from firedrill.probes.storage import soft_delete_days

__all__ = ["delete_blobs", "undelete_blobs"]

MOST = 10_000


def container_of(resource_group: str, account: str, container: str) -> Any:
    """At the endpoint that ARM names."""
    endpoints = storage_client().storage_accounts.get_properties(resource_group, account).primary_endpoints
    return blob_client(endpoints.blob).get_container_client(container)


def check_delete(
    resource_group: str,
    account: str,
    container: str,
    prefix: str,
    number: int,
    matching: str = "*",  # noqa: ARG001 - the action's
) -> None:
    """The guard: an account that may be touched, soft delete on, a prefix that is not empty, a number in bounds, nothing deleted yet."""
    check_allowed("storage", account)
    if not prefix.strip() or not container.strip():
        raise refuse(
            "an empty prefix would delete everything",
            accepted="the beginning of the names",
            change="the argument prefix",
        )
    if not 1 <= number <= MOST:
        raise refuse(f"number is {number}", accepted=f"1 to {MOST}", change="the argument number")
    if not soft_delete_days(resource_group, account):
        raise refuse(
            f"soft delete of blobs is off in {account}, so that nothing could be had back",
            accepted="soft delete for at least one day",
            change="switch it on: blobServices/default, deleteRetentionPolicy",
        )
    gone = next(blobs.deleted(container_of(resource_group, account, container), prefix), "")
    if gone:
        raise refuse(
            f"{gone} is deleted already in {account}/{container}",
            accepted="nothing deleted under the prefix",
            change="firedrill.actions.blobs.undelete_blobs, or another prefix",
        )


def names_of(container: Any, prefix: str, matching: str, number: int) -> list[str]:
    """What would be deleted now; refused when nothing would. No guard: a system that was just set up has nothing yet."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        found = blobs.named(container, prefix, matching, number)
    except ResourceNotFoundError as error:
        raise refuse(f"there is no container {container.container_name}", change="name another") from error
    if not found:
        raise refuse(
            f"no blob of {container.container_name} begins with {prefix} and matches {matching}",
            accepted="a prefix and a pattern that fit",
            change="the arguments prefix and matching",
        )
    return found


@fault("reversible", undo="firedrill.actions.blobs.undelete_blobs", guard=check_delete)
def delete_blobs(
    resource_group: str, account: str, container: str, prefix: str, number: int, matching: str = "*"
) -> int:
    """Delete the first `number` blobs whose names begin with `prefix`, or as many as there are; how many.

    Only those whose whole names match the pattern `matching` (`*` is anything, `?` one character). The account must keep
    deleted blobs (soft delete). ActivityFailed when it does not do it. Undone in full by `undelete_blobs` for as long as
    they are kept.
    """
    place = container_of(resource_group, account, container)
    names = names_of(place, prefix, matching, number)
    words = f"delete {len(names)} blobs of {account}/{container}/{prefix}"
    with step(FAULT, words, on=f"storage/{account}") as change:
        change.accepted()
        blobs.delete(place, names)
    observed(account, "blobs deleted", len(names))
    return len(names)


def undelete_blobs(resource_group: str, account: str, container: str, prefix: str) -> int:
    """Have back every blob under `prefix` that was deleted and is still kept; how many. May be called again at any time."""
    place = container_of(resource_group, account, container)
    words = f"undelete the blobs of {account}/{container}/{prefix}"
    names = list(blobs.deleted(place, prefix))
    if not names:
        not_needed(words, "none is deleted")
        return 0
    with step(UNDO, words, on=f"storage/{account}") as change:
        change.accepted()
        blobs.undelete(place, names)
    observed(account, "blobs had back", len(names))
    return len(names)
