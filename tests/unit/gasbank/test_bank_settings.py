"""How the bank is started: what it takes from the environment, and what it refuses."""

import asyncio
import subprocess
import sys

import pytest

from gasbank.errors import BadSettingError
from gasbank.settings import settings
from gasbank.web.bodies import wish

GOOD = {
    "PORT": "8001",
    "SQL_READ_WRITE": "postgresql://bank:secret@127.0.0.1:5433/gasbank",
    "SQL_READ_ONLY": "postgres://bank:secret@127.0.0.1:5434/gasbank",
}


def test_defaults_are_the_healthy_ones() -> None:
    """Without MISTAKE and GASBANK_DEADLINE the bank retries for up to 60 s and follows its listeners."""
    chosen = settings(GOOD)
    assert (chosen.deadline_s, chosen.instance, chosen.habits.mistake) == (60.0, "bank-8001", "")
    assert chosen.habits.attempts is None
    assert not chosen.habits.pins_address
    assert chosen.sql_read_only.startswith("postgresql://")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "web", "PORT is 'web'; it takes a number from 1 to 65535"),
        ("PORT", "70000", "1 to 65535"),
        ("SQL_READ_WRITE", "", "SQL_READ_WRITE is not set; it takes postgresql://"),
        ("SQL_READ_ONLY", "127.0.0.1:5433", "postgresql://user:password@host:port/gasbank"),
        ("SQL_READ_ONLY", "mysql://bank:secret@h:1/gasbank", "is not usable"),
        ("SQL_READ_ONLY", "postgresql://bank:secret@h:port/gasbank", "is not usable"),
        ("GASBANK_DEADLINE", "soon", "seconds: 60s, 2.5s"),
        ("GASBANK_DEADLINE", "-1s", "seconds: 60s, 2.5s"),
        ("GASBANK_DEADLINE", "nan", "seconds: 60s, 2.5s"),
        ("BUS_A", "sb-weu.servicebus.windows.net", "BUS_A is not usable; it takes a connection string: Endpoint=sb://"),
        ("BLOB_2", "secret", "BLOB_2 is not usable; it takes a connection string: AccountName="),
        ("MISTAKE", "no_retry", "use one of 'no-retry', 'stale-pool'"),
    ],
)
def test_bad_settings_say_what_is_accepted(name: str, value: str, words: str) -> None:
    """A setting that makes no sense is refused with its name and what it takes, and no password is repeated."""
    with pytest.raises(BadSettingError) as error:
        settings({**GOOD, name: value})
    assert words in str(error.value)
    assert "secret" not in str(error.value)


def test_an_unknown_mistake_ends_the_program_in_a_sentence() -> None:
    """Exit code 2, one line on stderr, no traceback."""
    command, typo = [sys.executable, "-m", "gasbank", "serve"], {**GOOD, "MISTAKE": "typo"}
    ended = subprocess.run(command, env=typo, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("gasbank: MISTAKE='typo'")


def test_commands_need_no_copy() -> None:
    """Who writes only may leave SQL_READ_ONLY out; who reads may not."""
    writes = {name: value for name, value in GOOD.items() if name != "SQL_READ_ONLY"}
    assert settings(writes, copy_needed=False).sql_read_only == ""
    assert settings(GOOD, copy_needed=False).sql_read_only
    with pytest.raises(BadSettingError, match="SQL_READ_ONLY is not set"):
        settings(writes)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=2", 2.0),
        ("wait=0.25", 0.25),
        ("respond-async, wait=10", 10.0),
        ('Wait="3"; foo', 3.0),
        ("wait = 5", 5.0),
        ("await=9", None),
        ("wait=-1", None),
        ("wait=soon", None),
        ("wait=9999999", None),
        ("", None),
        (None, None),
    ],
)
def test_the_clients_wish(header: str | None, seconds: float | None) -> None:
    """`Prefer: wait=N` is read as RFC 7240 has it; what cannot be read is ignored, as it also has it."""
    assert asyncio.run(wish(header)) == seconds
