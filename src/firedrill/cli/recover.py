"""`firedrill recover`: put back whatever a dead run left."""

from typing import Annotated

import typer

from firedrill.cli.common import examples, say


def register(app: typer.Typer) -> None:
    app.command("recover", epilog=examples("firedrill recover", "firedrill recover --target local"))(recover)


def recover(
    target: Annotated[str | None, typer.Option("--target", help="Only what was left there.")] = None,
) -> None:
    """Put back whatever a dead run left.

    Finishes its report too. May be called as often as you like.
    """
    from firedrill import pipeline

    runs = pipeline.recover(say, target)
    for folder in runs:
        print(f"settled: {folder}")
    if not runs:
        print("Nothing was left to put back.")
