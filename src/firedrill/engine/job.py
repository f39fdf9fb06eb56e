"""All that one run needs to know, gathered once: what is drilled, where, and where it is written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from firedrill.actions import notes
from firedrill.clock import Clock
from firedrill.engine.load import Ui
from firedrill.engine.place import Place
from firedrill.engine.view import View
from firedrill.errors import FiredrillError
from firedrill.model import events as kinds
from firedrill.model.drill import Drill
from firedrill.model.target import Target
from firedrill.safety.undo import Line, UndoJournal
from firedrill.store.events import EventLog


def in_run_time(data: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """An action's note with its interval (`when`, of the machine's clock) as `low` and `high` of the run."""
    rest = {key: value for key, value in data.items() if key not in {"when", "token"}}
    if (when := data.get("when")) is None:
        return rest
    return rest | {"low": round(when.low - clock.zero, 6), "high": round(when.high - clock.zero, 6)}


PROBER = "prober.json"  # what the prober is told; not kept, since it says where this machine keeps its things


class Job(NamedTuple):
    drill: Drill
    experiment: dict[str, Any]
    target: Target
    place: Place
    project: Path
    folder: Path
    run: str
    seed: int
    clock: Clock
    log: EventLog
    undo: UndoJournal
    view: View
    heard: set[str]  # kinds of events that an action noted itself
    troubles: list[str]  # what could not be written down; the run goes on to put back, the verdict suffers
    ui: Ui | None = None  # the load's web pages, when somebody wants to look on

    def record(self, kind: str, **data: Any) -> None:
        """Record, and go on when the disk will not take it: putting back comes first."""
        try:
            self.log.record(kind, **data)
        except FiredrillError as error:
            self.troubles.append(error.render())

    def hear(self, kind: str, at: float, data: dict[str, Any]) -> None:
        """An action's note. A fault that cannot be written down is not injected; everything else goes on."""
        moment = at - self.clock.zero
        self.heard.add(kind)
        if kind == kinds.FAULT_COMMAND:
            self.announce(moment, data)
            return
        if token := data.get("token", ""):
            self.remember(token)
        self.record(kind, at=moment, **in_run_time(data, self.clock))

    def remember(self, token: str) -> None:
        """The operation was accepted: what resumes it goes into the undo journal."""
        self.write_down(Line(token=token))

    def undone(self, name: str) -> None:
        """An undo was carried out: whoever recovers this run later leaves it alone."""
        self.write_down(Line(undone=name))

    def write_down(self, line: Line) -> None:
        try:
            self.undo.append(line)
        except OSError as error:
            self.troubles.append(f"cannot write the undo journal: {error}")

    def announce(self, moment: float, data: dict[str, Any]) -> None:
        """The fault is about to leave: write it down, or raise, so that it does not."""
        try:
            self.undo.append(Line(commanded=data["name"]))
            self.log.record(kinds.FAULT_COMMAND, at=moment, **data)
        except (OSError, FiredrillError) as error:
            self.troubles.append(f"nothing was injected, since it could not be written down: {error}")
            raise
        self.view.say(f"injecting: {data['name']}")

    def child_env(self) -> dict[str, str]:
        return {
            **self.place.env,
            "FIREDRILL_RUN": self.run,
            "FIREDRILL_ZERO": repr(self.clock.zero),
            "FIREDRILL_SEED": str(self.seed),
        }

    def prober_config(self) -> Path:
        """What the prober is to do, as a file in the run directory."""
        path = self.folder / PROBER
        config = {
            "run": self.run,
            "t0": self.clock.zero,
            "base_url": self.place.url,
            "ca": self.place.ca,
            "out": str(self.folder.resolve()),
            "project_root": str(self.project),
            "watches": self.drill.watches,
            "invariants": self.drill.invariants,
            "settings": {},
            "seed": self.seed,
        }
        path.write_bytes(msgspec.json.encode(config))
        return path

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what the actions note, for as long as the drill runs."""
        stop = notes.listen(self.hear)
        try:
            yield
        finally:
            stop()
