"""The `firedrill` command: registers every command, and is the one place where errors become words and exit codes.

Plain help, without a rich panel: it is half as fast to print and can be copied from. No traceback in normal use;
FIREDRILL_DEBUG=1 shows it.
"""

import os
import sys
import tempfile
import traceback
from typing import Annotated

import typer

from firedrill import __version__
from firedrill.cli import calibrate, catalog, check, new, recover, report, run, schema, stage
from firedrill.cli.common import examples
from firedrill.errors import Exit, FiredrillError

EXIT_CODES = """

Exit codes: 0 pass, 1 fail, 2 usage or invalid file, 3 inconclusive, 4 could not run, 5 put-back incomplete.
"""

app = typer.Typer(
    name="firedrill",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Fire drills for systems on Azure: break it on purpose, measure what it cost, put it back.",
    epilog=examples(
        "firedrill list",
        "firedrill run sql-forced-failover",
        "firedrill run sql-forced-failover --set load.rate=10/s --json",
    )
    + EXIT_CODES,
)


def show_version(wanted: bool) -> None:
    if wanted:
        print(f"firedrill {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...


for module in (run, check, catalog, new, report, recover, calibrate, stage, schema):
    module.register(app)


@app.command("version", epilog=examples("firedrill version"))
def version() -> None:
    """Print the version."""
    show_version(True)


def main() -> None:
    """The entry point of the installed command."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        app()
    except FiredrillError as error:
        print(error.render(), file=sys.stderr)
        debug()
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last resort: a bug becomes a line and a file, not a traceback
        print(crash(error), file=sys.stderr)
        debug()
        sys.exit(Exit.CANNOT_RUN)


def debug() -> None:
    if os.environ.get("FIREDRILL_DEBUG") == "1":
        traceback.print_exc()


def crash(error: Exception) -> str:
    """One line for a bug in firedrill itself, and where the details are."""
    with tempfile.NamedTemporaryFile("w", prefix="firedrill-crash-", suffix=".log", delete=False) as log:
        log.write(f"firedrill {__version__}\nargv: {sys.argv}\n\n{traceback.format_exc()}")
    words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return FiredrillError(
        f"firedrill itself failed: {words}",
        where=log.name,
        next_step="FIREDRILL_DEBUG=1 shows the traceback; report it with that file. After a run: firedrill recover",
    ).render()


if __name__ == "__main__":
    main()
