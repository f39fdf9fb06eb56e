"""Which part of a blob a request asks for."""

import re
from collections.abc import Mapping

from azsim.storage.errors import StorageError

RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def asked_range(headers: Mapping[str, str], size: int) -> tuple[int, int] | None:
    """Start and length, cut at the blob's end; None for the whole. x-ms-range wins over Range.

    StorageError 416 when it begins behind the end.
    """
    text = headers.get("x-ms-range") or headers.get("Range")
    match = RANGE.fullmatch(text.strip()) if text else None
    if match is None:
        return None
    start, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if start >= size or last < start:
        raise StorageError("InvalidRange", headers={"Content-Range": f"bytes */{size}"})
    return start, min(last, size - 1) - start + 1
