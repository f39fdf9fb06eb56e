"""Asks the control plane and name resolution at a fixed pace and records every change as an interval.

ARM has no events to wait on, so this is a poll; a change lies between the last answer that did not show it and
the first that did. On a subscription the same questions go to Azure and to DNS.
"""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from firedrill.azure.clients import sql_client
from firedrill.clock import Clock
from firedrill.model import events as kinds
from firedrill.model.facts import Fact, Value
from firedrill.model.target import SqlSpec
from firedrill.probes.sql import group_state
from firedrill.store.events import EventLog

Question = Callable[[], list[Fact]]


class Names(NamedTuple):
    """Resolves a listener's name: through the stage's own name service, or through the system's."""

    control: str = ""
    token: str = ""

    def resolve(self, name: str) -> str:
        return self.ask_stage(name) if self.control else socket.gethostbyname_ex(name)[0]

    def ask_stage(self, name: str) -> str:
        connection = http.client.HTTPConnection(urlsplit(self.control).netloc, timeout=2)
        try:
            connection.request("GET", f"/names/{name}", headers={"Authorization": f"Bearer {self.token}"})
            return str(json.loads(connection.getresponse().read())["target"])
        finally:
            connection.close()


def control_plane(sql: SqlSpec, resource_group: str) -> Question:
    """Role and replication state of both servers of the failover group."""
    client = sql_client()

    def ask() -> list[Fact]:
        return list(facts())

    def facts() -> Iterator[Fact]:
        for server in (sql.primary, sql.secondary):
            state = group_state(client, resource_group, sql.failover_group, server)
            yield (server, "role", state.role)
            yield (server, "state", state.state)

    return ask


def listeners(group: str, names: Names) -> Question:
    """The server that each listener's name leads to."""
    subjects = {
        "read-write listener": f"{group}.database.windows.net",
        "read-only listener": f"{group}.secondary.database.windows.net",
    }

    def ask() -> list[Fact]:
        return [(subject, "target", names.resolve(name).split(".")[0]) for subject, name in subjects.items()]

    return ask


def replication_lag(ask_lag: Callable[[], float | None], primary: str) -> Question:
    """Seconds that the other side is behind, to a tenth; None while the platform does not say."""

    def ask() -> list[Fact]:
        lag = ask_lag()
        return [(primary, "lag_s", None if lag is None else round(lag, 1))]

    return ask


class Observer:
    """One thread per question; records `observed` events through the log. Stop it before the log is sealed."""

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._latest: dict[tuple[str, str], Value] = {}

    def start(self, name: str, question: Question, every_s: float) -> None:
        thread = threading.Thread(
            target=self._watch, args=(name, question, every_s), name=f"observe-{name}", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    @property
    def latest(self) -> dict[tuple[str, str], Value]:
        """What was seen last, by subject and attribute."""
        return dict(self._latest)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _watch(self, name: str, question: Question, every_s: float) -> None:
        seen: dict[tuple[str, str], tuple[Value, float]] = {}
        failing = ""
        while not self._stop.is_set():
            asked = self._clock.now()
            try:
                answers, failing = question(), ""
            except Exception as error:  # noqa: BLE001 - whatever the network does, it is a fact to record, once
                answers, failing = [], self._say_failing(name, failing, error)
            for subject, attribute, value in answers:
                self._note(seen, (subject, attribute), value, asked)
            self._stop.wait(max(0.0, asked + every_s - self._clock.now()))

    def _note(
        self, seen: dict[tuple[str, str], tuple[Value, float]], key: tuple[str, str], value: Value, asked: float
    ) -> None:
        was, since = seen.get(key, ("", asked))
        if was != value:
            self._latest[key] = value
            low, high = (since, self._clock.now())
            self._record(subject=key[0], attribute=key[1], value=value, was=was, low=low, high=high)
        seen[key] = (value, asked)

    def _say_failing(self, name: str, failing: str, error: Exception) -> str:
        words = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        if words != failing:
            now = self._clock.now()
            self._record(subject=name, attribute="answers", value="no", was="", low=now, high=now, error=words)
        return words

    def _record(self, **data: Any) -> None:
        low, high = round(data.pop("low"), 6), round(data.pop("high"), 6)
        self._log.record(kinds.OBSERVED, at=high, **data, low=low, high=high)
