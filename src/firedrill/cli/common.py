"""What several commands share: their options, how examples stand in the help, and how things are printed."""

import json
import sys
import textwrap
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated, Any

import typer

from firedrill.errors import Usage

DrillName = Annotated[str, typer.Argument(metavar="DRILL", help="A name from `firedrill list`, or the path of a file.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's directory, or a drill's name for its latest run.")]
TargetName = Annotated[str, typer.Option("--target", help="Where: a name in targets/, or the path of a file.")]
Overrides = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a key of the drill, stage.* or bank.mistake. Repeatable."
    ),
]
Reports = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where runs are kept.", file_okay=False)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, and nothing else there.")]


def examples(*lines: str) -> str:
    """An epilog that keeps its lines."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def paragraph(text: str, indent: str = "  ") -> str:
    """Text wrapped to the terminal; names with hyphens stay whole."""
    width = min(get_terminal_size().columns, 110)
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def say(words: str) -> None:
    """What happens meanwhile, on stderr."""
    print(words, file=sys.stderr, flush=True)


def find_run(name: str, reports: Path) -> Path:
    """The directory of a run; Usage when there is none."""
    for path in (Path(name), reports / name, reports / name / "latest"):
        if (path / "drill.yaml").is_file():
            return path.resolve()
    runs = sorted({path.parent.parent.name for path in reports.glob("*/*/drill.yaml")})
    accepted = f"a run's directory, or a drill with runs in {reports}/: {', '.join(runs) or 'there are none'}"
    raise Usage(f"{name!r} is not a run", accepted=accepted, next_step="firedrill run DRILL makes one")
