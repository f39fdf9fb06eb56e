"""The few bytes of PostgreSQL's protocol that the stage speaks by itself."""

import struct

import pytest

from azsim.sql import wire

SSL = struct.pack("!II", 8, wire.SSL_REQUEST)
GSS = struct.pack("!II", 8, wire.GSS_REQUEST)
CANCEL = struct.pack("!IIII", 16, wire.CANCEL_REQUEST, 1, 2)
LOGIN = struct.pack("!II", 19, 196608) + b"user\0bank\0\0"


def test_a_login_is_refused_after_encryption_was_declined() -> None:
    """SSL and GSS requests are answered N, the login with the refusal, and the caller hangs up."""
    received = bytearray(GSS + SSL)
    assert wire.refuse_login(received, b"no") == (b"NN", False)
    received += LOGIN
    assert wire.refuse_login(received, b"no") == (b"no", True)


def test_half_a_start_up_packet_waits_for_the_rest() -> None:
    """Nothing is answered to bytes that do not yet say what they are."""
    assert wire.refuse_login(bytearray(SSL[:5]), b"no") == (b"", False)


def test_a_cancel_request_gets_no_answer() -> None:
    """The protocol has none for it."""
    assert wire.refuse_login(bytearray(CANCEL), b"no") == (b"", True)


def test_the_refusal_reads_like_azure() -> None:
    """A FATAL error response of the right length, with 57P03 and the words of 40613."""
    message = wire.unavailable("gasbank", "dbp")
    assert message[:1] == b"E"
    assert int.from_bytes(message[1:5], "big") == len(message) - 1
    assert b"SFATAL\0" in message
    assert b"C57P03\0" in message
    assert b"Database 'gasbank' on server 'dbp' is not currently available." in message
    assert b"40613" in message


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_the_replication_stream_is_noticed_however_the_bytes_are_cut(step: int) -> None:
    """Messages before CopyBothResponse are skipped by their length, even when they contain a W."""
    answers = b"R" + struct.pack("!I", 8) + b"WWWW" + b"Z" + struct.pack("!I", 5) + b"I"
    stream = answers + b"W" + struct.pack("!Ibh", 7, 0, 0)
    watch = wire.CopyBothWatch()
    for start in range(0, len(answers), step):
        watch.feed(answers[start : start + step][: len(answers) - start])
    assert not watch.open
    watch.feed(stream[len(answers) :])
    assert watch.open
