"""The smallest program for a pod: ready when its file says so, alive, deaf or dying on request. Standard library only."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATE = {"ready": 200, "live": 200}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.strip("/")
        if name == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "about":
            self.answer(200, {"env": dict(os.environ), "args": sys.argv[1:], "nice": os.nice(0), "pid": os.getpid()})
        else:
            self.answer(STATE.get(name, 404), {})

    def do_POST(self) -> None:
        """`/ready/503` makes it not ready."""
        name, _, status = self.path.strip("/").partition("/")
        STATE[name] = int(status)
        self.answer(200, {})

    def answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Requests are not worth a line each."""


def main() -> None:
    if "--fail" in sys.argv:
        sys.exit("this pod was told to fail")
    if "--deaf" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    address = os.environ.get("POD_IP", "127.0.0.1"), int(os.environ["PORT"])
    print(f"{os.environ['HOSTNAME']} listens on {address[0]}:{address[1]}", flush=True)
    ThreadingHTTPServer(address, Handler).serve_forever()


if __name__ == "__main__":
    main()
