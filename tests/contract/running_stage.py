"""A real stage for tests: started as its users start it, asked over its sockets, ended by its pid."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

HERE = Path(__file__).parent
READY_WITHIN_S = 90
WORKLOAD = {"name": "bank", "command": ["{python}", "echo_workload.py"], "env": {"GREETING": "hello"}}
CONFIG: dict[str, Any] = {
    "cwd": str(HERE),
    "seed": 7,
    "init": [["{python}", "-c", "import os; print('told', os.environ['SQL_READ_WRITE'][:10])"]],
    "workloads": [WORKLOAD],
}


class RunningStage:
    """`first_line` is what the stage printed; `status` asks it anew."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder = folder
        file = folder.with_suffix(".json")
        file.write_text(json.dumps(config))
        argv = [sys.executable, "-m", "azsim", "up", "--dir", str(folder), "--config", str(file)]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.first_line: dict[str, Any] = json.loads(self.process.stdout.readline() or "{}")

    def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> tuple[int, Any]:
        """Status and JSON of one request to the control."""
        shown = self.first_line["token"] if token is None else token
        return ask(self.first_line["control"], method, path, body, {"Authorization": f"Bearer {shown}"})

    def status(self) -> dict[str, Any]:
        return dict(self.ask("GET", "/status")[1])

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.ask("GET", "/events")[1]["events"] if event["event"] == name]

    def children(self) -> list[psutil.Process]:
        """Everything that runs below the stage now."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def pods(self) -> dict[str, dict[str, Any]]:
        """Every pod of both regions by name, with its region."""
        clusters = self.status()["kubernetes"].items()
        return {name: {**pod, "region": region} for region, one in clusters for name, pod in one["pods"].items()}

    def until_ready(self, within_s: float = 30) -> None:
        """Return when each region has as many ready pods as it wants, and no other."""
        until(self._is_ready, within_s, "ready")

    def _is_ready(self) -> bool:
        regions = self.status()["kubernetes"].values()
        return all(one["pods_ready"] == one["pods_wanted"] == len(one["pods"]) for one in regions)

    def until_redundant(self, within_s: float = 30) -> None:
        """Return when the failover group is in CATCH_UP."""
        until(
            lambda: {server["state"] for server in self.status()["sql"]["servers"].values()} == {"CATCH_UP"},
            within_s,
            "CATCH_UP",
        )

    def secondary(self) -> str:
        return next(name for name, server in self.status()["sql"]["servers"].items() if server["role"] == "Secondary")

    def end(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Seconds until it was gone."""
        since = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return time.monotonic() - since


def ask(
    base: str, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """One request on a connection of its own; the answer's status and JSON."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=90)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers or {})
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")
    finally:
        connection.close()


def until(reached: Callable[[], bool], within_s: float, what: str) -> None:
    """Ask until it is so; for states of which no event tells."""
    deadline = time.monotonic() + within_s
    while not reached():
        assert time.monotonic() < deadline, f"not {what} within {within_s} s"
        time.sleep(0.05)


def environment(status: dict[str, Any]) -> dict[str, str]:
    """What `eval "$(firedrill stage env)"` sets."""
    return {
        "PATH": os.environ["PATH"],
        "AZURE_TENANT_ID": status["tenant"],
        "AZURE_CLIENT_ID": status["client_id"],
        "AZURE_CLIENT_SECRET": status["client_secret"],
        "AZURE_AUTHORITY_HOST": f"{status['authority']}/adfs",
        "AZURE_SUBSCRIPTION_ID": status["subscription"],
        "ARM_ENDPOINT": status["arm"],
        "REQUESTS_CA_BUNDLE": status["ca"],
    }
