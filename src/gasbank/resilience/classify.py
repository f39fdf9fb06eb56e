"""What an error of the database means: try again, give up, or nobody knows whether it happened.

One table. Anything that is not in it is permanent, so that a new kind of error is seen by people and not hidden
by a retry. An error while the answer to a commit was awaited is `unknown`: the caller may only retry because every
command carries an idempotency key, which the next attempt looks up first.
"""

import re
from typing import Literal, NamedTuple

Kind = Literal["transient", "permanent", "unknown"]


class Meaning(NamedTuple):
    """`drop`: the connections of this pool lead to the wrong or to a dead server; open new ones.
    `alive`: the service answered in order, so its circuit breaker counts no failure.
    """

    kind: Kind
    code: str
    drop: bool = False
    alive: bool = False


class CommitUncertainError(Exception):
    """The connection went away between COMMIT and its answer."""


class AttemptTimedOutError(Exception):
    """One attempt took longer than it may."""


class CongestedError(Exception):
    """No connection of the pool came free in time. Nothing was asked, so it says nothing about the database."""


class BreakerOpenError(Exception):
    """Refused without a call. `cause_code` is the code of the failure that opened the breaker."""

    def __init__(self, service: str, cause_code: str) -> None:
        super().__init__(f"the circuit breaker of {service} is open since error {cause_code}")
        self.cause_code = cause_code


AZURE_NUMBER = re.compile(r"\(Error (\d{2,6})\)")

# https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues
AZURE_GONE = frozenset(
    [
        "40613",
        "40197",
        "40143",
        "40166",
        "40540",
        "4060",
        "4221",
        "615",
        "926",
        "10053",
        "10054",
        "10060",
        "64",
        "233",
        "258",
    ]
)
AZURE_BUSY = frozenset(["40501", "49918", "49919", "49920", "10928", "10929"])
AZURE_READ_ONLY = "3906"  # "database is read-only": the connection still leads to the old primary

# https://www.postgresql.org/docs/current/errcodes-appendix.html
READ_ONLY = "25006"  # read-only transaction: the connection still leads to the old primary
DUPLICATE_KEY = "23505"  # another request with the same idempotency key was first: the next attempt finds its answer
CONTENTION = frozenset({"40001", "40P01", "55P03", "57014", DUPLICATE_KEY})
BUSY = frozenset({"53300", "53400"})
GONE = frozenset({"25P03", "57P01", "57P02", "57P03", "57P05", READ_ONLY})

# libpq gives no SQLSTATE when a connection fails: only the server's words are left.
WORDS_TRANSIENT = (
    ("starting up", "57P03"),
    ("shutting down", "57P03"),
    ("not yet accepting connections", "57P03"),
    ("not accepting connections", "57P03"),
    ("in recovery mode", "57P03"),
    ("terminating connection", "57P01"),
)
WORDS_BUSY = ("too many clients", "remaining connection slots")
WORDS_NETWORK = (
    ("refused", "refused"),
    ("reset by peer", "reset"),
    ("closed unexpectedly", "closed"),
    ("closed the connection", "closed"),
    ("connection is closed", "closed"),
    ("connection is lost", "closed"),
    ("eof detected", "closed"),
    ("broken pipe", "reset"),
    ("timeout expired", "timeout"),
    ("timed out", "timeout"),
    ("could not receive data", "reset"),
    ("could not send data", "reset"),
    ("unreachable", "unreachable"),
    ("no route to host", "unreachable"),
    ("name resolution", "name"),
    ("could not translate host name", "name"),
)


def classify(error: BaseException) -> Meaning:
    """What `error` means. Wrapped driver errors are looked into (`orig` of SQLAlchemy, the cause of CommitUncertainError)."""
    match error:
        case CommitUncertainError():
            cause = error.__cause__
            return Meaning("unknown", classify(cause).code if cause is not None else "commit", drop=True)
        case BreakerOpenError():
            return Meaning("transient", error.cause_code)
        case AttemptTimedOutError():
            return Meaning("transient", "timeout", drop=True)
        case CongestedError():
            return Meaning("transient", "congested")
        case _:
            return classify_driver(getattr(error, "orig", None) or error)


def classify_driver(error: BaseException) -> Meaning:
    """The same, for an error of psycopg or of a socket."""
    text, state = str(error), getattr(error, "sqlstate", None)
    if number := AZURE_NUMBER.search(text):
        return from_azure(number[1])
    if state is not None:
        return from_sqlstate(state)
    if isinstance(error, ConnectionError):
        return Meaning("transient", "reset", drop=True)
    if type(error).__module__.startswith("psycopg"):
        return from_words(text.lower())
    return permanent(type(error).__name__)


def from_azure(number: str) -> Meaning:
    if number in AZURE_GONE or number == AZURE_READ_ONLY:
        return Meaning("transient", number, drop=True)
    if number in AZURE_BUSY:
        return Meaning("transient", number)
    return permanent(number)


def from_sqlstate(state: str) -> Meaning:
    if state.startswith("08") or state in GONE:
        return Meaning("transient", state, drop=True)
    if state in CONTENTION:
        return Meaning("transient", state, alive=True)
    if state in BUSY:
        return Meaning("transient", state)
    return permanent(state)


def permanent(code: str) -> Meaning:
    """A service that refuses for a reason is up: only its caller is wrong."""
    return Meaning("permanent", code, alive=True)


def from_words(text: str) -> Meaning:
    """A server that answers FATAL is heard first: its words may also hold a network's."""
    for words, code in WORDS_TRANSIENT:
        if words in text:
            return Meaning("transient", code, drop=True)
    if any(words in text for words in WORDS_BUSY):
        return Meaning("transient", "53300")
    if "fatal:" in text:
        return permanent("connect")
    for words, code in WORDS_NETWORK:
        if words in text:
            return Meaning("transient", code, drop=True)
    return permanent("driver")
