"""The load as a process: when it counts as begun, and how often it sends what it asks once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from e2e.drilling import until

from firedrill.clock import Clock
from firedrill.engine.children import Child
from firedrill.engine.load import ASKING_WITHIN_S, start_load, stop_load, wait_until_asking
from firedrill.errors import CannotRun
from firedrill.model.drill import LoadSpec
from firedrill.store import rundir
from tests.unit.report import sample_run

pytestmark = pytest.mark.e2e
LOOK = """
from firedrill.load.openloop import Arrival, OpenLoopUser

def look(arrival: Arrival) -> None:
    arrival.ask("GET", "/look", "look")

class Somebody(OpenLoopUser):
    journeys = {look: 1}
"""
WAITS = f"{LOOK}\n    def prepare(self) -> None:\n        self.client.post('/account')\n"


class Dying(BaseHTTPRequestHandler):
    """A pod that is killed in the middle of every question; an account is never made."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.close_connection = True

    def do_POST(self) -> None:
        self.server.closing.wait()  # type: ignore[attr-defined]
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def dying() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Dying)
    server.daemon_threads = True
    server.asked, server.closing = [], threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, name="dying", daemon=True).start()
    yield server
    server.closing.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


@contextmanager
def loading(place: Path, locustfile: str, server: ThreadingHTTPServer) -> Iterator[Child]:
    """Twenty questions a second by one user, written down in `place`."""
    load = LoadSpec("look.py", 20.0, 1)
    (place / "drills").mkdir()
    (place / "drills" / load.file).write_text(locustfile)
    drill = msgspec.structs.replace(sample_run.drill(), load=load)
    url, env = f"http://127.0.0.1:{server.server_address[1]}", {"FIREDRILL_ZERO": repr(Clock.start().zero)}
    with (place / rundir.LOG).open("ab") as log:
        child = start_load(drill, load, place, place, url, env, log, None)
        try:
            yield child
        finally:
            stop_load(child, None)


def recorded(place: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in (place / rundir.REQUESTS).read_bytes().splitlines()]


def test_a_question_that_is_cut_is_asked_once_and_has_no_answer(tmp_path: Path, dying: ThreadingHTTPServer) -> None:
    """The HTTP client would ask again, thousands of times, and call the first answer of another pod this question's."""
    with loading(tmp_path, LOOK, dying) as child:
        wait_until_asking(child, tmp_path, ASKING_WITHIN_S)
        until(lambda: len(recorded(tmp_path)) >= 5)
    said = recorded(tmp_path)
    assert {each["outcome"] for each in said} == {"unknown"}
    assert 0 <= len(dying.asked) - len(said) <= 1  # type: ignore[attr-defined] - one may have been cut by the end


def test_a_load_that_still_prepares_has_not_begun(tmp_path: Path, dying: ThreadingHTTPServer) -> None:
    """It would read as a load of which nothing failed. The log is named."""
    with loading(tmp_path, WAITS, dying) as child:
        with pytest.raises(CannotRun, match="the load has asked nothing: nothing within 4 s") as refused:
            wait_until_asking(child, tmp_path, 4.0)
        assert refused.value.where == str(tmp_path / rundir.LOG)
        dying.closing.set()  # type: ignore[attr-defined]
        wait_until_asking(child, tmp_path, ASKING_WITHIN_S)
    assert recorded(tmp_path)


def test_a_load_that_ends_before_it_asks_is_not_waited_for(tmp_path: Path, dying: ThreadingHTTPServer) -> None:
    """With its code, at once."""
    with (
        loading(tmp_path, "import no_such_module\n", dying) as child,
        pytest.raises(CannotRun, match="it ended with 1"),
    ):
        wait_until_asking(child, tmp_path, ASKING_WITHIN_S)
