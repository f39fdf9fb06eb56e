"""`firedrill schema`: JSON Schema of what people write and of what a run concludes."""

from typing import Annotated, Literal

import typer

from firedrill.cli.common import examples, print_json


def register(app: typer.Typer) -> None:
    app.command("schema", epilog=examples("firedrill schema drill > drill.schema.json", "firedrill schema verdict"))(
        schema
    )


def schema(
    kind: Annotated[Literal["drill", "suite", "target", "verdict"], typer.Argument(help="Of which file.")] = "drill",
) -> None:
    """JSON Schema of drill, suite, target or verdict.

    For editors and other programs; dialect 2020-12.
    """
    from firedrill.content.schema import schema_of

    print_json(schema_of(kind))
