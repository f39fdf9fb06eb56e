"""Names that Azure takes for containers and blobs."""

import re

from azsim.storage.errors import StorageError

CONTAINER = re.compile(r"\$root|\$logs|\$web|(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
CONTROL = re.compile(r"[\x00-\x1f]")
LONGEST_BLOB = 1024


def check_container_name(name: str) -> None:
    if not CONTAINER.fullmatch(name):
        raise StorageError("InvalidResourceName", "A container's name has 3 to 63 of a-z, 0-9 and single dashes.")


def check_blob_name(name: str) -> None:
    if len(name) > LONGEST_BLOB or CONTROL.search(name):
        raise StorageError("InvalidResourceName", "A blob's name has 1 to 1024 characters, none of them a control.")
