"""The smallest system that a stage can run: says who it is, what it was told, and dies on request. Standard library only."""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/slow"):
            time.sleep(float(self.path.partition("?")[2] or 1))
        if self.path == "/die":
            os.kill(os.getpid(), signal.SIGKILL)
        self.answer(404 if self.path == "/missing" else 200, self.about())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/die":
            os.kill(os.getpid(), signal.SIGKILL)
        self.answer(201, {**self.about(), "echo": body.decode(), "headers": dict(self.headers)})

    def about(self) -> dict[str, str]:
        told = ("INSTANCE", "REGION", "MISTAKE", "SQL_READ_WRITE", "SQL_READ_ONLY", "PORT", "GREETING")
        return {name: os.environ.get(name, "") for name in told} | {"pid": str(os.getpid())}

    def answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Requests are not worth a line each."""


def main() -> None:
    if os.environ.get("MISTAKE") not in {"", "no-retry"}:
        sys.exit(f"unknown MISTAKE {os.environ['MISTAKE']!r}; accepted: no-retry")
    print(f"{os.environ['INSTANCE']} listens on {os.environ['PORT']}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()
