"""A shop with one page and one basket: the smallest service that is worth a drill. Nothing but Python's own library.

python shop.py      listens on $HOST and $PORT; every copy has its own baskets, in memory
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health/ready":
            self.answer({"ready": True})
        elif self.path == "/articles":
            self.answer({"articles": ["tea", "coffee"], "by": os.environ.get("HOSTNAME", "")})
        else:
            self.answer({"error": "there are /articles and /health/ready"}, 404)

    def answer(self, body: dict[str, object], status: int = 200) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Quiet: a drill asks ten times a second."""


if __name__ == "__main__":
    ThreadingHTTPServer(
        (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080"))), Shop
    ).serve_forever()
