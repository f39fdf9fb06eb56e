"""The table of errors: each kind of error that a fail-over makes, and the ones that must not be retried."""

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from gasbank.errors import RefusalError
from gasbank.resilience.classify import (
    AttemptTimedOutError,
    BreakerOpenError,
    CommitUncertainError,
    CongestedError,
    classify,
)

CONNECT = 'connection failed: connection to server at "127.0.0.1", port 5433 failed: '
AZURE = "Database 'gasbank' on server 'dbp' is not currently available. (Error {})"


@pytest.mark.parametrize(
    ("error", "code", "drop"),
    [
        (psycopg.OperationalError(CONNECT + "Connection refused"), "refused", True),
        (psycopg.OperationalError(CONNECT + "server closed the connection unexpectedly"), "closed", True),
        (psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly"), "closed", True),
        (psycopg.OperationalError("the connection is closed"), "closed", True),
        (psycopg.OperationalError("connection timeout expired"), "timeout", True),
        (psycopg.OperationalError(CONNECT + "FATAL:  the database system is starting up"), "57P03", True),
        (psycopg.OperationalError(CONNECT + "FATAL:  the database system is shutting down"), "57P03", True),
        (psycopg.OperationalError(CONNECT + "FATAL:  sorry, too many clients already"), "53300", False),
        (psycopg.OperationalError(CONNECT + "FATAL:  " + AZURE.format(40613)), "40613", True),
        (psycopg.OperationalError(CONNECT + "FATAL:  " + AZURE.format(40501)), "40501", False),
        (psycopg.OperationalError(AZURE.format(3906)), "3906", True),
        (errors.AdminShutdown("terminating connection due to administrator command"), "57P01", True),
        (errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction"), "25006", True),
        (errors.ConnectionFailure("x"), "08006", True),
        (errors.SerializationFailure("x"), "40001", False),
        (errors.DeadlockDetected("x"), "40P01", False),
        (errors.LockNotAvailable("x"), "55P03", False),
        (errors.UniqueViolation("x"), "23505", False),
        (ConnectionResetError(), "reset", True),
    ],
)
def test_transient(error: Exception, code: str, *, drop: bool) -> None:
    """Errors that pass by themselves are transient, bare or wrapped; those of a lost or demoted server drop the pool."""
    wrapped = OperationalError("SELECT 1", {}, error)
    for seen in (error, wrapped):
        meaning = classify(seen)
        assert (meaning.kind, meaning.code, meaning.drop) == ("transient", code, drop)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AttemptTimedOutError(), "timeout"),
        (CongestedError(), "congested"),
        (BreakerOpenError("read-write", "40613"), "40613"),
    ],
)
def test_our_own_limits_are_transient(error: Exception, code: str) -> None:
    """A call that we cut short or did not make may be made again; an open breaker is named after its cause."""
    assert classify(error)[:2] == ("transient", code)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.OperationalError(CONNECT + 'FATAL:  password authentication failed for user "bank"'), "connect"),
        (psycopg.OperationalError(CONNECT + 'FATAL:  database "gasbnak" does not exist'), "connect"),
        (psycopg.OperationalError(CONNECT + "FATAL:  Login failed. (Error 18456)"), "18456"),
        (psycopg.OperationalError(CONNECT + "FATAL:  not allowed by the firewall (Error 40615)"), "40615"),
        (errors.UndefinedTable('relation "accounts" does not exist'), "42P01"),
        (errors.CheckViolation("x"), "23514"),
        (psycopg.InterfaceError("bad bind"), "driver"),
        (RefusalError("overdraft", "x"), "RefusalError"),
        (ValueError("x"), "ValueError"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_permanent(error: Exception, code: str) -> None:
    """What asking again does not change is permanent, and so is whatever nobody thought of."""
    meaning = classify(error)
    assert (meaning.kind, meaning.code, meaning.drop) == ("permanent", code, False)


def test_contention_is_no_failure_of_the_service() -> None:
    """A deadlock or a lock time-out is retried, but a breaker must not count it."""
    assert classify(errors.DeadlockDetected("x")).alive
    assert not classify(errors.AdminShutdown("x")).alive
    assert not classify(CommitUncertainError("x")).alive


def test_a_lost_commit_is_unknown_and_named_after_its_cause() -> None:
    """The code is the one of the error that hid the answer."""
    error = CommitUncertainError("lost")
    error.__cause__ = psycopg.OperationalError("server closed the connection unexpectedly")
    assert classify(error)[:2] == ("unknown", "closed")
