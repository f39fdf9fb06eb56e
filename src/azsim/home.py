"""The stage's directory: one live stage at a time, nothing left over from a dead one, its address for other programs.

Liveness is a lock that the kernel drops with its holder, not a pid file. The lock file is also the mark by which a
stage knows a directory as its own: it refuses one that holds anything else, because it empties what it uses.
"""

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from azsim import process
from azsim.errors import StageError

MARK = ".azsim"


class Home(NamedTuple):
    """Paths under one stage directory."""

    root: Path

    @property
    def sql(self) -> Path:
        return self.root / "sql"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def log(self) -> Path:
        return self.root / "stage.log"

    @property
    def address(self) -> Path:
        return self.root / "stage.json"

    @property
    def ca(self) -> Path:
        return self.root / "ca.pem"

    @property
    def record(self) -> Path:
        return self.root / "processes.jsonl"

    def claim(self) -> IO[bytes]:
        """Hold the directory until the returned file is closed or we die; StageError when that cannot be."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.check_ours()
            lock = (self.root / MARK).open("ab")
        except OSError as error:
            raise StageError(
                f"cannot use {self.root}: {error.strerror}", "choose a directory that can be written"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise StageError(
                f"a stage is running in {self.root}", "use that one, stop it, or choose another --dir"
            ) from None
        return lock

    def check_ours(self) -> None:
        if any(self.root.iterdir()) and not (self.root / MARK).exists():
            raise StageError(
                f"{self.root} holds files that are not a stage's", "choose an empty directory, or a new one, as --dir"
            )

    def prepare(self) -> list[str]:
        """End what a dead stage left running and start its logs anew; what was ended, in words. Claim first."""
        ended = [f"{entry.command} (pid {entry.pid})" for entry in process.end_recorded(self.record)]
        self.address.unlink(missing_ok=True)
        if self.log.exists():
            self.log.replace(self.root / "stage.log.old")
        self.logs.mkdir(exist_ok=True)
        for old in self.logs.glob("*.log"):
            old.unlink()
        return ended

    def publish(self, address: dict[str, Any]) -> None:
        """Write `stage.json` (0600), whole or not at all."""
        draft = self.root / f".stage-{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(address))
        draft.replace(self.address)

    def leave(self) -> list[str]:
        """After the end: end what would not end by itself; what that was, in words. Logs stay."""
        return [f"{entry.command} (pid {entry.pid})" for entry in process.end_recorded(self.record)]
