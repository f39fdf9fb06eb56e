"""The rehearsal stage from outside: start it, ask it, change it, end it. It is another program; we meet over the wire.

One stage per firedrill home. It lives in a directory that an unprivileged user can reach, because PostgreSQL refuses
to run as root.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from firedrill.azure.control import Control
from firedrill.clock import monotonic, sleep
from firedrill.errors import CannotRun
from firedrill.safety.home import home

START_WITHIN_S = 60.0


class Stage(NamedTuple):
    """A running stage: its control address and the secret that opens it."""

    control: str
    token: str
    pid: int

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One control request; CannotRun when the stage does not answer or refuses."""
        return Control(self.control, self.token).call(method, path, body)

    def environment(self) -> dict[str, str]:
        """What the official clients read, and how our actions find the stage."""
        return environment(self.status()) | Control(self.control, self.token).environment()

    def status(self) -> dict[str, Any]:
        return dict(self.call("GET", "/status"))

    def settings(self) -> dict[str, Any]:
        """What can be changed while it runs: profile, replication_lag_s, mistake."""
        return self.change({})

    def change(self, settings: dict[str, Any]) -> dict[str, Any]:
        return dict(self.call("PATCH", "/settings", settings))


def directory() -> Path:
    """Where the stage of this firedrill home lives; CannotRun when somebody else owns the place."""
    if os.geteuid() != 0:
        return home() / "stage"
    mark = hashlib.sha256(str(home().resolve()).encode()).hexdigest()[:8]
    path = Path(tempfile.gettempdir()) / f"firedrill-stage-{mark}"
    path.mkdir(mode=0o755, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != 0:
        raise CannotRun(
            "the stage's directory belongs to somebody else", where=str(path), next_step="remove it, or set TMPDIR"
        )
    return path


def find() -> Stage | None:
    """The running stage, or None."""
    try:
        said = json.loads((directory() / "stage.json").read_bytes())
        stage = Stage(said["control"], said["token"], said["pid"])
        os.kill(stage.pid, 0)
    except (OSError, ValueError, KeyError):
        return None
    with contextlib.suppress(CannotRun):
        stage.status()
        return stage
    return None


def up(config: dict[str, Any]) -> Stage:
    """Start a stage and wait until it is ready. CannotRun carries its own words when it cannot start."""
    folder, settings, log = directory(), home() / "stage.json", home() / "stage.out"
    settings.write_text(json.dumps(config))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "azsim", "up", "--dir", str(folder), "--config", str(settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
            cwd=config["cwd"],
        )
    return ready(process, log)


def ready(process: "subprocess.Popen[bytes]", log: Path) -> Stage:
    """The one line that the stage prints when it is up, or its error."""
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    line = process.stdout.readline()
    try:
        said = json.loads(line)
    except ValueError:
        tail = log.read_text(errors="replace").strip().splitlines()[-1:]
        said = {"ready": False, "error": {"what": f"it ended before it was ready: {''.join(tail)}"}}
    if said.get("ready"):
        return Stage(said["control"], said["token"], said["pid"])
    error = said.get("error", {})
    raise CannotRun(
        f"the stage did not start: {error.get('what', 'no reason given')}",
        where=str(log.parent),
        next_step=error.get("next", "firedrill stage logs"),
    )


def down() -> bool:
    """End the stage and wait until it is gone; False when none was running."""
    stage = find()
    if stage is None:
        return False
    stage.call("POST", "/shutdown")
    deadline = monotonic() + START_WITHIN_S
    while (directory() / "stage.json").exists():
        if monotonic() > deadline:
            raise CannotRun(f"the stage (process {stage.pid}) does not end", next_step=f"kill {stage.pid}")
        sleep(0.05)
    return True


def environment(status: dict[str, Any]) -> dict[str, str]:
    """What the official clients read, from a stage's status."""
    sql = status["sql"]
    values = {
        "AZURE_TENANT_ID": status["tenant"],
        "AZURE_CLIENT_ID": status["client_id"],
        "AZURE_CLIENT_SECRET": status["client_secret"],
        "AZURE_AUTHORITY_HOST": f"{status['authority'].rstrip('/').removesuffix('/adfs')}/adfs",
        "AZURE_SUBSCRIPTION_ID": status["subscription"],
        "ARM_ENDPOINT": status["arm"],
        "REQUESTS_CA_BUNDLE": status["ca"],
        "FIREDRILL_BANK": status["bank"],
        "FIREDRILL_RESOURCE_GROUP": status["resource_group"],
        "FIREDRILL_SQL_FAILOVER_GROUP": sql["failover_group"],
        "FIREDRILL_POLL_S": "0.1",
        "SQL_READ_WRITE": sql["read_write"],
        "SQL_READ_ONLY": sql["read_only"],
        **{f"SQL_SERVER_{name.upper()}": server["url"] for name, server in sql["servers"].items()},
        **data_plane(status),
    }
    return {name: str(value) for name, value in values.items()}


def data_plane(status: dict[str, Any]) -> dict[str, str]:
    """Names and connection strings in the order in which the bank prefers them, and where kubectl finds the clusters."""
    buses = [namespace["connection_string"] for namespace in status.get("servicebus", {}).values()]
    accounts = [account["connection_string"] for account in status.get("storage", {}).values()]
    values = dict(zip(("BUS_A", "BUS_B"), buses, strict=False)) | dict(
        zip(("BLOB_1", "BLOB_2"), accounts, strict=False)
    )
    values |= dict(zip(("FIREDRILL_BUS_A", "FIREDRILL_BUS_B"), status.get("servicebus", {}), strict=False))
    values |= dict(zip(("FIREDRILL_STORAGE_1", "FIREDRILL_STORAGE_2"), status.get("storage", {}), strict=False))
    if accounts:
        values["AZURE_STORAGE_CONNECTION_STRING"] = accounts[0]
    if buses:
        values["SERVICEBUS_CONNECTION_STRING"] = buses[0]
    if status.get("kubeconfig"):
        values["KUBECONFIG"] = status["kubeconfig"]
    return values
