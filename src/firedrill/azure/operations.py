"""Long-running operations, with the traps of the SDK's pollers stepped round.

A destructive POST is never re-sent (`retry_total=0`), the time of each poll is kept so that "done" is an interval,
and a poller that ends without a final status is not taken for success.
"""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from firedrill.clock import monotonic
from firedrill.model.interval import Interval

T = TypeVar("T")


class Unclear(Exception):  # noqa: N818 - it is not an error yet: the caller must look at the resource
    """The request may or may not have been taken: read the resource to find out."""


class Refused(Exception):  # noqa: N818 - what Azure said, not a fault of ours
    """Azure refused the operation and nothing happened. `code` is Azure's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Done(NamedTuple):
    """When the control plane was seen to be done, on the machine's monotonic clock, its last word, and why it failed."""

    when: Interval
    status: str
    why: str = ""


class PollTimes:
    """Notes when each request of an operation left and what came back; handed to the SDK as its two hooks."""

    def __init__(self) -> None:
        self.asked = self.unfinished = monotonic()

    def on_request(self, _request: Any) -> None:
        self.asked = monotonic()

    def on_response(self, response: Any) -> None:
        """Only polls have a body that was read by now; the answer to the POST itself says 202 or it is over."""
        answer = response.http_response
        if answer.status_code == 202 or (answer.request.method == "GET" and '"InProgress"' in answer.text()):
            self.unfinished = self.asked

    def hooks(self) -> dict[str, Any]:
        return {"raw_request_hook": self.on_request, "raw_response_hook": self.on_response}


def start(begin: Callable[..., Any], *names: str) -> tuple[Any, PollTimes]:
    """Send the one POST. Refused when Azure said no, Unclear when it may have happened, else (poller, its times)."""
    times = PollTimes()
    return once(begin, *names, **times.hooks()), times


def once(call: Callable[..., T], *given: Any, **named: Any) -> T:
    """One request, never sent again. Refused when Azure said no, Unclear when it may have happened."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

    try:
        return call(*given, retry_total=0, **named)
    except ServiceRequestError as error:  # never left this machine, or the connection was refused
        raise Refused("ServiceRequestError", str(error)) from error
    except ClientAuthenticationError as error:
        raise Refused("AuthenticationFailed", error.message) from error
    except HttpResponseError as error:
        status = error.status_code or 500
        if status < 500:
            raise Refused(error.error.code if error.error else str(status), error.message) from error
        raise Unclear(str(error.message)) from error
    except Exception as error:
        raise Unclear(str(error)) from error


def await_end(poller: Any, within_s: float) -> bool:
    """Whether the operation ended in time, however it ended.

    Not `poller.wait`: that joins a thread, and when a signal interrupts the join Python 3.11 takes the thread for ended.
    """
    if poller.done():
        return True
    ended = threading.Event()
    poller.add_done_callback(lambda _method: ended.set())
    return ended.wait(within_s)


def finish(poller: Any, times: PollTimes, within_s: float) -> Done:
    """Wait until the operation ended. Unclear when it did not within `within_s` or its poller broke."""
    if not await_end(poller, within_s):
        raise Unclear(f"still {poller.status()} after {within_s:g} s")
    try:
        poller.wait(0)  # raises what the poller met
    except Exception as error:
        if poller.status() in {"Failed", "Canceled"}:
            return Done(Interval(times.unfinished, monotonic()), poller.status(), str(error))
        raise Unclear(str(error)) from error
    return Done(Interval(times.unfinished, monotonic()), poller.status())
