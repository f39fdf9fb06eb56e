"""The rehearsal stage's own steering, for what Azure does to its customers and nobody can ask it for.

Plain http on loopback with a token. Where it is stands in the environment of `firedrill run` and of `firedrill stage env`;
a subscription has no such address. The token is never written down.
"""

import http.client
import json
import os
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from firedrill.errors import CannotRun

ADDRESS, TOKEN = "FIREDRILL_STAGE", "FIREDRILL_STAGE_TOKEN"
ANSWER_WITHIN_S = 90.0  # a changed mistake restarts the bank's processes one after the other


class Control(NamedTuple):
    """Its address and the token that opens it."""

    address: str
    token: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request; CannotRun when the stage does not answer or refuses."""
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=ANSWER_WITHIN_S)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(
                method, path, payload, {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            content = json.loads(answer.read() or b"null")
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise CannotRun(
                f"the stage does not answer: {error}",
                where=self.address,
                next_step="firedrill stage logs; then firedrill stage up",
            ) from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise CannotRun(
                f"the stage refused: {refusal_of(content)}",
                where=f"{method} {path}",
                next_step="firedrill stage logs",
            )
        return content

    def environment(self) -> dict[str, str]:
        return {ADDRESS: self.address, TOKEN: self.token}


def refusal_of(content: Any) -> Any:
    """What the stage says is wrong, and what it would accept, in one line."""
    error = content.get("error", content)
    return f"{error['what']}; {error['next']}" if isinstance(error, dict) and {"what", "next"} <= set(error) else error


def of_environment() -> Control | None:
    """The stage of this environment; None where there is none, as on a subscription."""
    address = os.environ.get(ADDRESS)
    return Control(address, os.environ.get(TOKEN, "")) if address else None
