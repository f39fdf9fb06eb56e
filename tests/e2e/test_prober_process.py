"""The prober as a process: what it writes, when it stops, and what it says when it cannot go on."""

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from firedrill.clock import monotonic

PROBES = """
    from firedrill.probes import Answer, Ask, Broken, fail, ok

    async def prepare(ask: Ask) -> None:
        key = ask.new_id()
        ask.ledger(key, "opening", "an account")
        await ask.post("/accounts", {"account": "a"})

    async def transfer(ask: Ask) -> Answer:
        key = ask.new_id()
        ask.ledger(key, "transfer", "1 kWh")
        reply = await ask.post("/transfers", {"kwh": 1}, {"Idempotency-Key": key})
        return ok() if reply.status == 200 else fail(str(reply.status))

    async def clumsy(ask: Ask) -> Answer:
        return {}["kwh"]

    async def database(ask: Ask, prefix: str):
        for key in (await ask.get("/stored")).json():
            yield key, 1
            if ask.settings.get("break"):
                raise RuntimeError("half a list")
"""


class Bank(BaseHTTPRequestHandler):
    """Remembers the keys that it was given."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.keys.append(self.headers["Idempotency-Key"])  # type: ignore[attr-defined]
        self.say(b"{}")

    def do_GET(self) -> None:
        keys = [key for key in self.server.keys if key]  # type: ignore[attr-defined]
        self.say(json.dumps(keys).encode())

    def say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test reads what the prober says."""


@pytest.fixture
def bank() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bank)
    server.daemon_threads = True
    server.keys = []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def config(tmp_path: Path, bank: ThreadingHTTPServer) -> dict[str, Any]:
    """A watch at 50/s of a small project of its own."""
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "bank.py").write_text(textwrap.dedent(PROBES))
    (tmp_path / "run").mkdir()
    return {
        "run": "r1",
        "t0": monotonic(),
        "base_url": f"http://127.0.0.1:{bank.server_port}",
        "out": str(tmp_path / "run"),
        "project_root": str(tmp_path),
        "watches": [{"name": "transfer", "probe": "questions.bank.transfer", "rate_hz": 50, "timeout_s": 1}],
        "invariants": [{"name": "gas is conserved", "probe": "firedrill.probes.http.ok", "rate_hz": 20}],
    }


def start(config: dict[str, Any]) -> subprocess.Popen[bytes]:
    path = Path(config["project_root"]) / "prober.json"
    path.write_text(json.dumps(config))
    argv = [sys.executable, "-m", "firedrill.engine.prober", str(path)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def until_samples(prober: subprocess.Popen[bytes], number: int) -> list[dict[str, Any]]:
    """The first lines that it says: the ready line and so many samples."""
    assert prober.stdout is not None
    return [json.loads(prober.stdout.readline()) for _ in range(number + 1)]


def end(prober: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    """Close its standard input; exit code and the rest of what it said."""
    assert prober.stdin is not None
    assert prober.stdout is not None
    assert prober.stderr is not None
    prober.stdin.close()
    with prober.stdout, prober.stderr:
        said, complained = prober.stdout.read().decode(), prober.stderr.read().decode()
    return prober.wait(10), said, complained


def lines(config: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (Path(config["out"]) / name).read_text().splitlines()]


def test_it_says_ready_and_records_what_it_says(config: dict[str, Any]) -> None:
    """First the ready line, then each sample as it is in the file; every series is asked; exit code 0."""
    prober = start(config)
    first = until_samples(prober, 60)
    code, rest, complained = end(prober)
    assert (code, complained) == (0, "")
    said = first[1:] + [json.loads(line) for line in rest.splitlines()]
    assert first[0] == {"ready": True}
    assert said == lines(config, "samples.jsonl")
    series = {(one["watch"], one["connection"]) for one in said}
    assert series == {("transfer", "new"), ("transfer", "kept"), ("invariant: gas is conserved", "kept")}
    assert {one["outcome"] for one in said} == {"ok"}
    assert all(one["due"] <= one["sent"] <= one["done"] for one in said)


def test_every_write_is_in_the_ledger_before_it_is_answered(config: dict[str, Any], bank: ThreadingHTTPServer) -> None:
    """Each key that the bank saw was attempted and acknowledged, once, under an id of this run; the preparation too."""
    prober = start(config)
    until_samples(prober, 40)
    assert end(prober)[0] == 0
    ledger = lines(config, "ledger-watch.jsonl")
    attempted = [one["id"] for one in ledger if "attempted" in one]
    acknowledged = [one["id"] for one in ledger if one.get("answer") == "acknowledged"]
    assert len(set(attempted)) == len(attempted)
    assert sorted(attempted) == sorted(acknowledged)
    assert {key for key in bank.keys if key} <= set(attempted)  # type: ignore[attr-defined]
    assert all(key.startswith("fd-r1-") for key in attempted)
    assert ledger[0]["kind"] == "opening"


def test_it_stops_on_sigterm(config: dict[str, Any]) -> None:
    """As the runner asks it to: what is under way ends, everything is written, exit code 0."""
    prober = start(config)
    until_samples(prober, 5)
    prober.send_signal(signal.SIGTERM)
    assert prober.wait(10) == 0
    assert end(prober)[2] == ""


def test_it_goes_when_its_runner_is_killed(config: dict[str, Any]) -> None:
    """A runner killed with -9 closes the pipes, and that is enough: nobody asks for ever."""
    path = Path(config["project_root"]) / "prober.json"
    path.write_text(json.dumps(config))
    alive_read, alive_write = os.pipe()
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(path)], stdout=subprocess.PIPE, pass_fds=[alive_write])
    os.close(alive_write)
    assert runner.stdout is not None
    assert json.loads(runner.stdout.readline()) == {"ready": True}
    runner.kill()
    runner.wait(5)
    assert select.select([alive_read], [], [], 10)[0], "the prober still holds its end of the pipe"
    assert os.read(alive_read, 1) == b""
    os.close(alive_read)
    runner.stdout.close()


# Its prober inherits the test's pipe, which is at its end only when the last of them is gone.
RUNNER = """
import subprocess, sys
prober = subprocess.Popen([sys.executable, "-m", "firedrill.engine.prober", sys.argv[1]],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False)
print(prober.stdout.readline().decode(), end="", flush=True)
prober.wait()
"""


def test_a_full_disk_ends_it_with_a_word(config: dict[str, Any]) -> None:
    """A record with silent gaps is worse than none: exit code 4, and the reason on one line."""
    (Path(config["out"]) / "samples.jsonl").symlink_to("/dev/full")
    prober = start(config)
    assert prober.wait(10) == 4
    _, _, complained = end(prober)
    assert "No space left on device" in complained
    assert "Traceback" not in complained


def test_a_crash_is_said_aloud_once(config: dict[str, Any]) -> None:
    """A line for the runner, the traceback for the log, a sample each time; it goes on asking."""
    config["watches"][0] |= {"name": "clumsy", "probe": "questions.bank.clumsy", "connections": ["new"]}
    config["invariants"] = []
    prober = start(config)
    said = until_samples(prober, 20)
    _, rest, complained = end(prober)
    crashes = [one for one in said if "crashed" in one] + [line for line in rest.splitlines() if '"crashed"' in line]
    assert crashes == [{"crashed": "clumsy", "error": "KeyError: 'kwh'"}]
    assert complained.count("Traceback") == 1
    assert {one["code"] for one in lines(config, "samples.jsonl")} == {"crashed: KeyError: 'kwh'"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base_url": "gopher://bank"}, "gopher://bank"),
        ({"out": "/no/such/folder"}, "No such file"),
        ({"ca": "/no/such/ca.pem", "base_url": "https://bank"}, "cannot speak to https://bank"),
        ({"watch": []}, "watch"),
        ({"invariants": [{"name": "x", "probe": "questions.bank.nothing"}]}, "questions.bank.nothing"),
        ({"invariants": [{"name": "x", "probe": "questions.none.at_all"}]}, "questions.none.at_all"),
        ({"base_url": "http://127.0.0.1:1"}, "questions.bank.prepare did not succeed: Unreached: refused"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(config: dict[str, Any], change: dict[str, Any], words: str) -> None:
    """Before anything is asked: what is wrong, no traceback, and an exit code of 2 or 4."""
    code, said, complained = end(start(config | change))
    assert code in {2, 4}
    assert said == ""
    assert words in complained
    assert len(complained.splitlines()) == 1


def read_witness(config: dict[str, Any], name: str) -> subprocess.CompletedProcess[str]:
    path = Path(config["project_root"]) / "prober.json"
    path.write_text(json.dumps(config))
    argv = [sys.executable, "-m", "firedrill.engine.prober", "--witness", str(path), name]
    return subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)


def test_a_witness_is_written_down(config: dict[str, Any], bank: ThreadingHTTPServer) -> None:
    """Every row that it lists, under the last word of its name."""
    bank.keys = ["fd-r1-1", "fd-r1-2"]  # type: ignore[attr-defined]
    assert read_witness(config, "questions.bank.database").returncode == 0
    expected = [{"witness": "database", "id": key, "times": 1} for key in ("fd-r1-1", "fd-r1-2")]
    assert lines(config, "stored.jsonl") == expected


def test_half_a_witness_is_none(config: dict[str, Any], bank: ThreadingHTTPServer) -> None:
    """When it breaks off nothing is written, since what is missing from a list looks lost."""
    bank.keys = ["fd-r1-1", "fd-r1-2"]  # type: ignore[attr-defined]
    result = read_witness(config | {"settings": {"break": "yes"}}, "questions.bank.database")
    assert (result.returncode, len(result.stderr.splitlines())) == (4, 1)
    assert "half a list" in result.stderr
    assert not (Path(config["out"]) / "stored.jsonl").exists()
