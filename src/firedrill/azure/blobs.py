"""Blobs of a container by prefix, as the official client sees them: listed, deleted, and had back from soft delete.

Takes a ContainerClient.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

PAGE = 1000


def named(container: Any, prefix: str, matching: str, most: int) -> list[str]:
    """The first `most` names that begin so and match the pattern, in the order of the listing."""
    found = container.list_blobs(name_starts_with=prefix, results_per_page=PAGE)
    return list(islice((str(blob.name) for blob in found if fnmatchcase(blob.name, matching)), most))


def deleted(container: Any, prefix: str) -> Iterator[str]:
    """The names of those that are deleted and can still be had back; none, too, where there is no such container."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        for blob in container.list_blobs(name_starts_with=prefix, include=["deleted"]):
            if blob.deleted:
                yield str(blob.name)
    except ResourceNotFoundError:
        return


def delete(container: Any, names: list[str]) -> None:
    for name in names:
        container.delete_blob(name)


def undelete(container: Any, names: list[str]) -> None:
    for name in names:
        container.get_blob_client(name).undelete_blob()
