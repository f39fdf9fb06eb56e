"""What goes wrong in normal use, as types: each says what, where, what is accepted and what to do next.

Raised anywhere, rendered in one place (`firedrill.cli.app.main`). It does not print, log or end the process.
A bug is not one of these: it stays an ordinary exception.
"""
# ruff: noqa: N818 - the names say what happened, as they do in the exit codes; "Error" would add nothing

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the `firedrill` command: a promise to pipelines."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    INCONCLUSIVE = 3
    CANNOT_RUN = 4
    PUT_BACK_INCOMPLETE = 5


class FiredrillError(Exception):
    """`where` is `file:line` or the name of a thing; `accepted` and `next_step` are sentences for the reader."""

    exit_code = Exit.CANNOT_RUN

    def __init__(self, what: str, *, where: str = "", accepted: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.accepted = accepted
        self.next_step = next_step

    def render(self) -> str:
        """The lines that a person sees on stderr; lines with nothing to say are left out."""
        details = (("where", self.where), ("accepted", self.accepted), ("next", self.next_step))
        return "\n".join([f"error: {self.what}", *(f"  {name}: {text}" for name, text in details if text)])


class InvalidFile(FiredrillError):
    """A drill, experiment or target that cannot be meant: nothing was touched."""

    exit_code = Exit.USAGE


class Usage(FiredrillError):
    """An argument or setting that is not accepted: nothing was touched."""

    exit_code = Exit.USAGE


class CannotRun(FiredrillError):
    """Preflight, stage or credentials: the drill did not start, or could not go on."""

    exit_code = Exit.CANNOT_RUN


class NotRedundant(CannotRun):
    """The system has no second leg just now: the one refusal that time may mend."""


class PutBackIncomplete(FiredrillError):
    """Something that the drill changed is not back: worse than any other outcome."""

    exit_code = Exit.PUT_BACK_INCOMPLETE
