"""One account as its two processes, without a stage: for tests of what clients of the data plane may rely on."""

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
from azsim.storage import orders
from azsim.storage.orders import Orders
from azsim.tls import make_server_files

ACCOUNT = "gasbankweu"
KEYS = ("c3RhZ2UtdGVzdC1rZXktMDEyMzQ1Njc4OWFiY2RlZg==", "c2Vjb25kLWtleS1vZi10aGUtdGVzdC1hY2NvdW50")


class CopyProcess:
    """One copy. `kill` is `kill -9`, `start` again keeps data and ports."""

    def __init__(self, folder: Path, admin_port: int, config: dict[str, Any], given: Orders) -> None:
        self.folder, self.admin_port, self.orders = folder, admin_port, given
        folder.mkdir()
        orders.write(folder, given)
        own = {"name": folder.name, "folder": str(folder), "admin_port": admin_port, "admin_token": "token"}
        (folder / "service.json").write_text(json.dumps({**config, **own}))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        argv = [sys.executable, "-m", "azsim.storage", "--config", str(self.folder / "service.json")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            try:
                self.ask("GET", "/healthz")
            except OSError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline, "the copy does not answer"
                time.sleep(0.02)
            else:
                return

    def ask(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=20)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Authorization": "Bearer token"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
            assert answer.status == 200, said
            return said
        finally:
            connection.close()

    def order(self, **changes: Any) -> None:
        """Change its orders and return when they are carried out."""
        self.orders = Orders(
            **{name: changes.get(name, getattr(self.orders, name)) for name in Orders.__struct_fields__}
        )
        orders.write(self.folder, self.orders)
        self.ask("POST", "/orders")

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)


class BlobPair:
    """`primary` and its copy `secondary`, with `lag_s` between them."""

    def __init__(self, folder: Path, lag_s: float = 0.0) -> None:
        self.primary_ports, self.secondary_ports = (free_port(), free_port()), (free_port(), free_port())
        self.ca = make_server_files(folder)
        self.keys_file = folder / "keys.json"
        config = {
            "account": ACCOUNT,
            "primary": self.primary_ports,
            "secondary": self.secondary_ports,
            "server_pem": str(folder / "server.pem"),
            "keys": str(self.keys_file),
            "peer_token": "peers",
            "tenant": "tenant",
        }
        admin = free_port()
        self.primary = CopyProcess(folder / "west", admin, config, Orders("primary", KEYS, lag_s=lag_s))
        given = Orders("secondary", KEYS, source=admin, readable=True)
        self.secondary = CopyProcess(folder / "north", free_port(), config, given)

    def start(self) -> "BlobPair":
        self.primary.start()
        self.secondary.start()
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.primary_ports[0]}/{ACCOUNT}"

    @property
    def secure_url(self) -> str:
        return f"https://127.0.0.1:{self.primary_ports[1]}/{ACCOUNT}"

    def connection(self, key: str = KEYS[0]) -> str:
        secondary = f"127.0.0.1:{self.secondary_ports[0]}/{ACCOUNT}-secondary"
        account = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key}"
        return f"{account};BlobEndpoint={self.url};BlobSecondaryEndpoint={secondary};"

    def stop(self) -> None:
        self.primary.stop()
        self.secondary.stop()
