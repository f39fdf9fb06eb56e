"""A run that is being written, with a real load on a small system beside it: what Locust's pages need, and no stage.

The test says what the watches answer and what happens; the files are written by the code that writes them in a run.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from firedrill.clock import Clock
from firedrill.content.resolved import resolved_yaml
from firedrill.engine.children import Child
from firedrill.engine.load import Ui, start_load, stop_load
from firedrill.model import events as kinds
from firedrill.model.drill import Drill, LoadSpec
from firedrill.model.history import Outcome, Sample
from firedrill.model.verdict import Verdict
from firedrill.pipeline import encode_verdict
from firedrill.store import rundir
from firedrill.store.events import EventLog
from firedrill.store.tables import encode_line
from tests.unit.report import sample_run

LOCUSTFILE = """
from firedrill.load.openloop import Arrival, OpenLoopUser

def look(arrival: Arrival) -> None:
    arrival.ask("GET", "/look", "look")

def hang(arrival: Arrival) -> None:
    key = arrival.ledger("hang", "a write that waits")
    arrival.ask("POST", "/hang", "hang", key, json={})

class Somebody(OpenLoopUser):
    journeys = {look: 9, hang: 1}
"""


class System(BaseHTTPRequestHandler):
    """Answers questions at once; a write never gets an answer, and is cut in the end."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_POST(self) -> None:
        self.server.closing.wait()  # type: ignore[attr-defined]
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Here(NamedTuple):
    url: str
    closing: threading.Event  # set it, and whoever hangs is cut


@contextmanager
def system() -> Iterator[Here]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), System)
    server.daemon_threads = True
    server.closing = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, name="system", daemon=True).start()
    try:
        yield Here(f"http://127.0.0.1:{server.server_address[1]}", server.closing)  # type: ignore[attr-defined]
    finally:
        server.closing.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()


class WatchedRun(NamedTuple):
    drill: Drill
    folder: Path
    clock: Clock
    log: EventLog
    ui: Ui
    child: Child
    closing: threading.Event

    def answers(self, outcome: Outcome, code: str = "") -> None:
        """Every watch is asked once more, now, and answers like this; the control watch always well."""
        now = self.clock.now()
        with (self.folder / "samples.jsonl").open("ab") as file:
            for watch in self.drill.watches:
                said = ("ok", "") if watch.control else (outcome, code)
                for side in watch.connections:
                    file.write(encode_line(Sample(watch.name, side, 0, now - 0.01, now - 0.01, now, *said, "", False)))

    def finish(self, verdict: Verdict, page: str) -> None:
        """What the pipeline leaves when everything is over."""
        rundir.write_synced(self.folder / rundir.VERDICT, encode_verdict(verdict))
        rundir.write_synced(self.folder / rundir.PAGE, page.encode())

    def stop(self) -> None:
        stop_load(self.child, self.ui)


@contextmanager
def watched_run(place: Path, here: Here) -> Iterator[WatchedRun]:
    """From a run directory with its first events to a load that is up and can be looked at; ended afterwards."""
    load = LoadSpec("load/look.py", 20.0, 4)
    drill = msgspec.structs.replace(sample_run.drill(), load=load)
    folder, clock, ui = place / "run", Clock.start(), Ui.on(None)
    folder.mkdir()
    (place / "drills" / "load").mkdir(parents=True)
    (place / "drills" / load.file).write_text(LOCUSTFILE)
    (folder / rundir.DRILL).write_text(resolved_yaml(drill))
    log = EventLog(folder / rundir.EVENTS, clock, "a test")
    log.record(kinds.PHASE, name="warm-up")
    env = {"FIREDRILL_RUN": "3f9c", "FIREDRILL_ZERO": repr(clock.zero), "FIREDRILL_SEED": "7"}
    with (folder / rundir.LOG).open("ab") as output:
        child = start_load(drill, load, place, folder, here.url, env, output, ui)
    try:
        ui.wait_until_up(folder / rundir.LOG)
        yield WatchedRun(drill, folder, clock, log, ui, child, here.closing)
    finally:
        ui.close()
        log.close()
