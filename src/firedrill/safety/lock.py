"""One drill at a time per target on this machine: a file lock that the kernel lets go of when the process dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firedrill.errors import CannotRun


@contextmanager
def locked(folder: Path, target: str) -> Iterator[None]:
    """Hold the lock of `target`; CannotRun names the process that holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{target}.lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise CannotRun(
                f"another drill is running on {target} (process {file.read().strip()})",
                where=str(path),
                next_step="wait until it has ended",
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
