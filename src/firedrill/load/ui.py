"""Locust's own web pages during a drill: to look on, with one tab more, and nothing on them that acts.

The drill starts and ends the load, so whatever is not a plain question is refused: a load that somebody stopped or
doubled half-way would not be the load that the verdict speaks of. So is whoever asks from another page. The tab
learns from the files that the run writes anyway, and is told what is new as server-sent events.
"""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import msgspec
from flask import Blueprint, Flask, Response, request, send_file
from gevent.event import Event as Moment
from gevent.os import make_nonblocking, nb_read

from firedrill.clock import Clock
from firedrill.content.drills import load_drill
from firedrill.load.story import BEGINNING, Story
from firedrill.load.tail import Tail
from firedrill.model.history import Event, Sample
from firedrill.model.verdict import Verdict
from firedrill.store import rundir

TICK_S = 0.2
HERE = Path(__file__).parent / "tab"
SAMPLES = "samples.jsonl"
NAMES = {"127.0.0.1", "localhost"}
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'self'"
LOOK_ONLY = "This page is for looking on: the drill itself starts and ends the load.\n"
NOT_YET = "The load is starting; this page will be here in a moment.\n"


class Tab:
    """The *Fire drill* tab of one run."""

    def __init__(self, folder: Path, zero: float) -> None:
        self.folder, self.clock = folder, Clock(zero)
        self.drill = load_drill(str(folder / rundir.DRILL), folder, (), resolved=True)
        self.story = Story(self.drill)
        self.events, self.samples = Tail(folder / rundir.EVENTS), Tail(folder / SAMPLES)
        self.quiet = Moment()  # the load has stopped, and will write nothing more

    def read_for_ever(self) -> None:
        while True:
            self.read()
            gevent.sleep(TICK_S)

    def read(self) -> None:
        """What the run has written since the last time."""
        self.story.happened(msgspec.json.decode(line, type=Event) for line in self.events.lines())
        self.story.hear(Sample(**msgspec.json.decode(line)) for line in self.samples.lines())
        if self.story.ended is None and (self.folder / rundir.PAGE).exists():
            self.story.end(msgspec.json.decode((self.folder / rundir.VERDICT).read_bytes(), type=Verdict))

    def messages(self) -> Iterator[str]:
        """Server-sent events, for as long as somebody listens: the drill once, then everything that is new."""
        yield sent("drill", {"title": self.drill.title, "because": self.drill.because, "folder": str(self.folder)})
        cursor = BEGINNING
        while True:
            news, cursor = self.story.since(cursor, self.clock.now())
            yield sent("news", news)
            gevent.sleep(TICK_S)

    def routes(self) -> Blueprint:
        pages = Blueprint("fire-drill", __name__, url_prefix="/fire-drill")
        pages.add_url_rule("/", "tab", lambda: send_file(HERE / "tab.html"))
        pages.add_url_rule(
            "/<any('tab.js', 'tab.css', 'locust.js'):name>", "asset", lambda name: send_file(HERE / name)
        )
        pages.add_url_rule("/news", "news", lambda: Response(self.messages(), mimetype="text/event-stream"))
        pages.add_url_rule("/quiet", "quiet", self.wait_until_quiet)
        pages.add_url_rule("/report.html", "report", self.report)
        pages.after_request(with_policy)
        return pages

    def stop(self) -> None:
        self.story.stop(self.clock.now())
        self.quiet.set()

    def wait_until_quiet(self) -> str:
        """Answers when the load has stopped."""
        self.quiet.wait()
        return "quiet\n"

    def report(self) -> Response:
        """The page of this run and nothing else of its directory; it brings its own policy."""
        page = self.folder / rundir.PAGE
        return send_file(page) if page.exists() else Response("The page is written when the drill is over.\n", 404)


def sent(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {msgspec.json.encode(data).decode()}\n\n"


def with_policy(response: Response) -> Response:
    if request.endpoint != "fire-drill.report":
        response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


def attach(environment: Any, web_ui: Any, folder: Path, zero: float) -> None:
    """Give Locust's pages their tab, take from them what acts, and listen to the runner on standard input."""
    tab = Tab(folder, zero)
    app: Flask = web_ui.app
    app.before_request(lambda: refusal(environment.runner.state))
    app.after_request(with_script)
    app.register_blueprint(tab.routes())
    web_ui.template_args.update(extended_tabs=[{"title": "Fire drill", "key": "fire-drill"}])
    gevent.spawn(tab.read_for_ever)
    gevent.spawn(obey, environment, tab)


def refusal(state: str) -> Response | None:
    """No to everything but a question that somebody on this machine asked from our own pages."""
    if request.method not in {"GET", "HEAD"}:
        return Response(LOOK_ONLY, 405, mimetype="text/plain")
    if request.host.partition(":")[0] not in NAMES or request.headers.get("Origin", here()) != here():
        return Response("Only for this machine and its own pages.\n", 403, mimetype="text/plain")
    if state == "ready":  # Locust would show its form for starting a test, and go on showing it
        return Response(NOT_YET, 503, {"Refresh": "1"}, mimetype="text/plain")
    return None


def here() -> str:
    return f"{request.scheme}://{request.host}"


def with_script(response: Response) -> Response:
    """Locust's page knows tables only in a tab of somebody else's: our script puts the rest in."""
    if request.path == "/" and response.mimetype == "text/html":
        script = '<script src="./fire-drill/locust.js"></script></body>'
        response.set_data(response.get_data(as_text=True).replace("</body>", script))
    return response


def obey(environment: Any, tab: Tab) -> None:
    """A line on standard input stops the load and leaves the pages; its end ends the process."""
    make_nonblocking(sys.stdin.fileno())
    while nb_read(sys.stdin.fileno(), 4096):
        environment.runner.stop()
        hush()
        tab.stop()
    os.kill(os.getpid(), signal.SIGTERM)


def hush() -> None:
    """Write no more to the log of the run: it is about to be sealed."""
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
