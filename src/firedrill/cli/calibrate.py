"""`firedrill calibrate`: how wrong is our own stopwatch on this machine, today?"""

from typing import Annotated, Any

import typer

from firedrill.cli.common import AsJson, examples, print_json


def register(app: typer.Typer) -> None:
    shown = examples("firedrill calibrate", "firedrill calibrate --rate 100/s --outages 20 --json")
    app.command("calibrate", epilog=shown)(calibrate)


def calibrate(
    rate: Annotated[str, typer.Option(help="How often the server is asked.")] = "100/s",
    outages: Annotated[int, typer.Option(min=1, max=1000, help="How many outages of random length.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the random lengths.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Check the stopwatch of this machine.

    Injects outages of known, random length into a local server and prints how well they were measured.
    """
    from firedrill.content.settings import read_setting
    from firedrill.content.shape import RATE

    rate_hz = read_setting("rate", rate, RATE)
    from firedrill.engine.calibrate import calibrate as measure

    result = measure(rate_hz, outages, seed)
    if as_json:
        print_json(result)
    else:
        print("\n".join(in_words(result)))


def in_words(result: dict[str, Any]) -> list[str]:
    """The figures as a table for people; times in milliseconds."""
    error = result["error_s"]
    rows = {
        "outages": f"{result['outages']} of random length, asked {result['rate_hz']:g} times a second",
        "missed": f"{result['missed']}",
        "spurious": f"{result['spurious']}",
        "error, median": milliseconds(error["p50"]),
        "error, 99 %": milliseconds(error["p99"]),
        "bias": milliseconds(error["bias"]),
        "true length inside": f"{result['inside']:.0%} of the intervals",
        "jitter, 99 %": milliseconds(result["jitter_p99_s"]),
    }
    width = max(map(len, rows))
    return [f"{name:<{width}}  {value}" for name, value in rows.items()]


def milliseconds(seconds: float | None) -> str:
    return "not measured" if seconds is None else f"{seconds * 1000:.1f} ms"
