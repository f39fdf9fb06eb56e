"""The live view of a run on a terminal: what is waited for, and how every watch stands right now."""

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from firedrill.engine.live import State
from firedrill.engine.view import PlainView, View


class TerminalView:
    """What happened scrolls by above; the table of watches stays below and is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, transient=True)
        self._live.start()

    def say(self, words: str) -> None:
        self._console.print(Text("· ", style="dim") + Text(words))

    def tick(self, now_s: float, waiting_for: str, states: list[State]) -> None:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for state in states:
            table.add_row(*row(state))
        table.add_row(Text(f"{now_s:6.1f} s", style="dim"), Text(f"waiting for {waiting_for}", style="dim"))
        self._live.update(table)

    def close(self) -> None:
        self._live.update(Text(""))
        self._live.stop()


def row(state: State) -> tuple[Text, Text, Text]:
    up = state.good_for_s > 0.5
    mark = Text("✓ up  ", style="blue") if up else Text("✗ down", style="bold red")
    since = f"good for {state.good_for_s:.1f} s" if up else state.was or "no answer"
    return Text(state.name), mark + Text(f"  {since}"), Text(f"{state.ok} good, {state.bad} bad", style="dim")


def view_for(console: Console) -> View:
    """The live view on a terminal, plain lines anywhere else."""
    return TerminalView(console) if console.is_terminal else PlainView()
