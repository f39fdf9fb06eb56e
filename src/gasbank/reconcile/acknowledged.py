"""The first witness: idempotency keys that clients were told were posted, from a file of theirs.

One entry a line: a bare key, a JSON string, `{"key": ...}`, or the lines of a journal of writes with `id` and, once it is known, `answer`: then
those count that were answered `acknowledged`.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gasbank.errors import BadSettingError

ACKNOWLEDGED = "acknowledged"


def read_file(path: Path) -> set[str]:
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettingError(f"--acknowledged {path}: it cannot be read: {error}") from error
    return read(lines, str(path))


def read(lines: Iterable[str], name: str) -> set[str]:
    keys = {key_of(line.strip(), f"{name}:{number}") for number, line in enumerate(lines, 1) if line.strip()}
    return {key for key in keys if key is not None}


def key_of(line: str, where: str) -> str | None:
    """None: a line that acknowledges nothing."""
    if line[0] not in '{"':
        return line
    try:
        said = json.loads(line)
    except ValueError as error:
        raise BadSettingError(
            f'{where}: neither a key nor JSON ({error}); a line is a key, or {{"key": "..."}}'
        ) from error
    return said if isinstance(said, str) else of_object(said, where)


def of_object(said: dict[str, Any], where: str) -> str | None:
    if isinstance(said.get("key"), str) and "answer" not in said:
        return str(said["key"])
    key = said.get("id", said.get("key"))
    if not isinstance(key, str):
        raise BadSettingError(
            f'{where}: there is no key in it; use {{"key": "..."}} or {{"id": "...", "answer": "..."}}'
        )
    return key if said.get("answer") == ACKNOWLEDGED else None
