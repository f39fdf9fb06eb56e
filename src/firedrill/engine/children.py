"""Child processes that end with us: the prober and the load.

Asked to end by closing their standard input or by a signal, then killed. On Linux the kernel ends them when this
process dies by `kill -9`; elsewhere the closed pipe does (the prober) or their own time limit (the load).
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1


def die_with_parent() -> Callable[[], None] | None:
    """For `preexec_fn`: SIGTERM for the child when the parent dies. None where the kernel has no such thing."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One child process; its stderr goes to `log`, and so does its stdout unless we want to read it (`heard`)."""

    def __init__(
        self, name: str, argv: list[str], log: IO[bytes], cwd: Path, env: Mapping[str, str], *, heard: bool = False
    ) -> None:
        self.name = name
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if heard else log,
            stderr=log,
            cwd=cwd,
            env={**os.environ, **env},
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - one prctl, no locks taken
            start_new_session=True,  # Ctrl-C on the terminal is for the runner, which ends its children in order
        )

    @property
    def stdout(self) -> IO[bytes]:
        assert self.process.stdout is not None  # noqa: S101 - only asked of a child that is heard
        return self.process.stdout

    def ended(self) -> int | None:
        return self.process.poll()

    def end(self, signal_number: int, within_s: float) -> int:
        """Ask, wait, kill. Returns the exit code."""
        with contextlib.suppress(ProcessLookupError, BrokenPipeError):
            self.process.send_signal(signal_number)
            if self.process.stdin:
                self.process.stdin.close()
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
