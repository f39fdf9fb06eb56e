"""What a probe is handed: a way to ask, an id per write, and the ledger. One `Ask` per call.

It keeps what the prober must know afterwards: when the first request left, and which writes were attempted.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import msgspec

from firedrill.probes.wire import Client, Reply

Journal = Callable[[str, str, str], None]


class Ask:
    """One call of one probe.

    `run`, `watch` and `connection` ("new" or "kept") say who asks; `timeout_s` is how long the call may take in all;
    `random` is seeded; `settings` are the target's. `sent` is when the first request left (seconds of the run).
    """

    def __init__(
        self, *, run: str, watch: str, connection: str, timeout_s: float, settings: Mapping[str, str], random: Random,
        client: Client, next_id: Callable[[], str], journal: Journal, now: Callable[[], float],
    ) -> None:  # fmt: skip
        self.run, self.watch, self.connection, self.timeout_s = run, watch, connection, timeout_s
        self.settings, self.random = settings, random
        self.sent: float | None = None
        self.writes: list[str] = []
        self._client, self._next_id, self._journal, self._now = client, next_id, journal, now

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        """GET `path` (from the target's base URL, query included)."""
        return await self._send("GET", path, headers or {}, b"")

    async def post(self, path: str, json: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """POST `json` to `path`."""
        return await self._send(
            "POST", path, {"Content-Type": "application/json", **(headers or {})}, msgspec.json.encode(json)
        )

    def new_id(self) -> str:
        """An idempotency key that no other call of any run has; it starts with `fd-<run>-`."""
        return self._next_id()

    def ledger(self, key: str, kind: str, detail: str) -> None:
        """Say, before it is sent, that a write is attempted. The call's outcome completes it: ok is acknowledged.

        The line is with the kernel when this returns and on disk within a tenth of a second.
        """
        self._journal(key, kind, detail)
        self.writes.append(key)

    async def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if self.sent is None:
            self.sent = self._now()
        return await self._client.send(method, path, headers, body)
