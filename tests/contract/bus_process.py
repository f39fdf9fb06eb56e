"""One namespace as a process of its own, with a few entities, for tests that need no whole stage."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from azsim.net import free_port
from azsim.tls import make_server_files

KEY = "c3RhZ2UtdGVzdC1rZXktMDEyMzQ1Njc4OWFiY2RlZg=="
RULES = [
    {"name": "RootManageSharedAccessKey", "key": KEY, "rights": ["Manage", "Send", "Listen"]},
    {"name": "send", "key": "c2VuZC1vbmx5", "rights": ["Send"]},
    {"name": "listen", "key": "bGlzdGVuLW9ubHk=", "rights": ["Listen"]},
]


class BusProcess:
    """Started with its data in `folder`; `kill` is `kill -9`, `start` again keeps data and ports."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.port, self.tls_port, self.admin_port = free_port(), free_port(), free_port()
        self.ca = make_server_files(folder)
        self._file = folder / "service.json"
        said = {
            "name": "sb-test",
            "folder": str(folder),
            "admin_port": self.admin_port,
            "admin_token": "token",
            "port": self.port,
            "tls_port": self.tls_port,
            "server_pem": str(folder / "server.pem"),
            "keys": str(folder / "keys.json"),
            "rules": RULES,
            **config,
        }
        self._file.write_text(json.dumps(said))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "BusProcess":
        argv = [sys.executable, "-m", "azsim.servicebus", "--config", str(self._file)]
        self.process = subprocess.Popen(argv)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.ask("GET", "/healthz")
            except OSError:
                assert self.process.poll() is None, "the namespace ended"
                assert time.monotonic() < deadline, "the namespace does not answer"
                time.sleep(0.02)
            else:
                return self

    def ask(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Authorization": "Bearer token"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
            assert answer.status == 200, said
            return said
        finally:
            connection.close()

    def queue(self, path: str, kind: str = "queue", **options: Any) -> str:
        self.ask("PUT", "/entities", {"path": path, "kind": kind, "options": options})
        return path

    def connection(self, rule: str = "RootManageSharedAccessKey", key: str = KEY) -> str:
        return f"Endpoint=sb://127.0.0.1:{self.port};SharedAccessKeyName={rule};SharedAccessKey={key};UseDevelopmentEmulator=true;"

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
