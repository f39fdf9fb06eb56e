"""`--ui`: Locust's web pages for as long as the command runs, and on a terminal until somebody has seen enough."""

import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from firedrill.cli.common import say
from firedrill.errors import Usage

if TYPE_CHECKING:
    from firedrill.content.plans import Plan
    from firedrill.engine.load import Ui

WantsUi = Annotated[
    bool,
    typer.Option(
        "--ui",
        help="Serve Locust's web pages on 127.0.0.1, with a tab on the drill. On a terminal they stay after the "
        "verdict until Enter or Ctrl-C; elsewhere they end with the command.",
    ),
]
UiPort = Annotated[
    int | None, typer.Option("--ui-port", min=1, max=65535, help="Where; default: a free port. Means --ui.")
]


@contextmanager
def pages(plan: "Plan", port: int | None, *, wanted: bool) -> Iterator["Ui | None"]:
    """The pages, or None when nobody asked for them; Usage when the drill has no load to show."""
    if not wanted and port is None:
        yield None
        return
    from firedrill.engine.load import Ui

    if plan.drill.load is None:
        raise Usage(
            "this drill has no load, so that Locust has no pages to serve",
            where=f"drill {plan.drill.name}",
            accepted="a drill with load:",
            next_step="run it without --ui",
        )
    ui = Ui.on(port)
    try:
        yield ui
    finally:
        ui.close()


def stay(ui: "Ui | None") -> None:
    """On a terminal, keep the pages until Enter, Ctrl-D or Ctrl-C."""
    if ui is None or not sys.stdin.isatty():
        return
    say(f"still there to look at: {ui.address} (Enter ends it)")
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.readline()
