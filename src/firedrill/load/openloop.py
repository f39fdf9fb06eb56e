"""Open-loop load: arrivals come on an absolute schedule, whatever the answers do.

Locust's users wait for an answer before they ask again, so in an outage they fall silent just when it matters. Here
each arrival is a greenlet of its own and its latency counts from when it was due. Each Locust user owns every n-th
arrival, so that Locust's own statistics and pages keep working.
"""

import itertools
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import gevent
from gevent.event import Event
from gevent.pool import Group
from geventhttpclient.client import HTTPClient, HTTPClientPool
from locust import FastHttpUser, events, task
from locust.contrib.fasthttp import ResponseContextManager

from firedrill.load.record import Lines

RUN = os.environ.get("FIREDRILL_RUN", "plain-locust")
ZERO = float(os.environ.get("FIREDRILL_ZERO") or time.monotonic())
RATE_HZ = float(os.environ.get("FIREDRILL_LOAD_RATE", "10"))
USERS = int(os.environ.get("FIREDRILL_LOAD_USERS", "1"))
SEED = int(os.environ.get("FIREDRILL_SEED", "0"))
FOLDER = Path(os.environ["FIREDRILL_OUT"]) if "FIREDRILL_OUT" in os.environ else None

NOT_SENT = (ConnectionRefusedError,)
DOUBTFUL = {0, 408, 502, 504}  # no answer, or one from somebody in between who cannot know


class Verdict(NamedTuple):
    outcome: str  # ok, fail (it did not happen), unknown (it may have)
    code: str


def judge(response: ResponseContextManager) -> Verdict:
    """What an HTTP answer says about what was asked; `code` is the problem document's, else the status."""
    status = response.status_code or 0
    if 200 <= status < 400:
        return Verdict("ok", "")
    if isinstance(response.error, NOT_SENT):
        return Verdict("fail", "refused")
    said = problem(response)
    doubtful = said.get("outcome", "unknown" if status in DOUBTFUL else "") == "unknown"
    return Verdict("unknown" if doubtful else "fail", str(said.get("code") or status or type(response.error).__name__))


def problem(response: ResponseContextManager) -> dict[str, Any]:
    """An application/problem+json answer (RFC 9457), which may carry `code`, and `outcome` "not-done" or "unknown"."""
    try:
        said = response.json()
    except (ValueError, TypeError, AttributeError):
        return {}
    return said if isinstance(said, dict) else {}


class Arrival:
    """One user of the system doing one thing: ask, and say beforehand what will be written."""

    def __init__(self, user: "OpenLoopUser", due: float) -> None:
        self.user, self.due, self.random = user, due, user.random
        self.outcome = Verdict("ok", "")

    def ledger(self, kind: str, detail: str) -> str:
        """Register a write before it is sent; returns its idempotency key."""
        key = f"fd-{RUN}-load-{self.user.number}-{next(self.user.keys)}"
        self.user.writes.add(id=key, kind=kind, detail=detail, source="load", attempted=since_zero())
        return key

    def ask(self, method: str, path: str, name: str, key: str = "", **options: Any) -> None:
        """One request under `name`; `key` goes along as Idempotency-Key and is answered in the ledger."""
        headers = {"Idempotency-Key": key} if key else {}
        with self.user.client.request(
            method, path, name=name, headers=headers, catch_response=True, **options
        ) as response:
            self.outcome = judge(response)
            if self.outcome.outcome == "ok":
                response.success()
            else:
                response.failure(f"{self.outcome.outcome}: {self.outcome.code}")
        if key:
            answer = {"ok": "acknowledged", "fail": "refused"}.get(self.outcome.outcome, "unknown")
            self.user.writes.add(id=key, answered=since_zero(), answer=answer)


Journey = Callable[[Arrival], None]


class OneAttempt(HTTPClientPool):  # type: ignore[misc]
    """Clients that send each request once: geventhttpclient asks again, unseen, when a connection ends without an answer.

    It does so for what may be asked twice, as often as its pool has connections and once more, whatever `max_retries` says.
    """

    def get_client(self, url: Any) -> HTTPClient:
        client = super().get_client(url)
        client._connection_pool.size = -1  # noqa: SLF001 - read for that count only; the limits of the pool are made of it before
        return client


def since_zero() -> float:
    return round(time.monotonic() - ZERO, 6)


class OpenLoopUser(FastHttpUser):  # type: ignore[misc]
    """Give `journeys` their weights; each is called with an Arrival, in a greenlet of its own."""

    abstract = True
    concurrency = 5000  # arrivals that wait at the same time: 60 s at 80/s
    network_timeout = 75.0  # longer than any deadline that a server may hold an answer back for
    connection_timeout = 5.0
    max_retries = 0
    journeys: ClassVar[dict[Journey, float]] = {}
    requests: ClassVar[Lines]
    writes: ClassVar[Lines]
    numbers: ClassVar[Any] = itertools.count()
    prepared: ClassVar[Event] = Event()
    arrivals: ClassVar[Group] = Group()

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        agent = self.client.client
        agent.clientpool = OneAttempt(**agent.clientpool.client_args)

    def prepare(self) -> None:
        """What must be there before the first arrival (accounts, say); called once, by the first user."""

    def on_start(self) -> None:
        self.number = next(OpenLoopUser.numbers)
        self.random = random.Random(f"{SEED}-{self.number}")
        self.keys = itertools.count()
        if self.number == 0:
            OpenLoopUser.requests = Lines(FOLDER, "requests.jsonl")
            OpenLoopUser.writes = Lines(FOLDER, "ledger-load.jsonl")
            self.prepare()
            self.prepared.set()
        self.prepared.wait()

    @task  # type: ignore[untyped-decorator]
    def arrive_for_ever(self) -> None:
        """This user's share of the arrivals, each at its own absolute time."""
        every = USERS / RATE_HZ
        began = since_zero() + (self.number % USERS) / RATE_HZ
        for turn in itertools.count():
            due = began + turn * every
            gevent.sleep(max(0.0, due - since_zero()))
            self.arrivals.spawn(self.arrive, due)

    def arrive(self, due: float) -> None:
        journey = self.random.choices(list(self.journeys), weights=list(self.journeys.values()))[0]
        arrival, sent = Arrival(self, due), since_zero()
        journey(arrival)
        name, (outcome, code) = journey.__name__, arrival.outcome
        self.requests.add(journey=name, due=round(due, 6), sent=sent, done=since_zero(), outcome=outcome, code=code)


@events.test_stop.add_listener  # type: ignore[untyped-decorator]
def cut_what_waits(**_: Any) -> None:
    """When the load is over nothing of it writes any more; an arrival that still waits has no answer."""
    OpenLoopUser.arrivals.kill()


@events.init.add_listener  # type: ignore[untyped-decorator]
def show_the_drill(environment: Any, web_ui: Any, **_: Any) -> None:
    """In a run with `--ui`, Locust's pages get a tab on the drill."""
    if web_ui is not None and FOLDER is not None:
        from firedrill.load.ui import attach

        attach(environment, web_ui, FOLDER, ZERO)
