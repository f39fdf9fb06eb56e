"""Nominations as XML: what is read, and what a parser must never do."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gasbank.errors import RefusalError
from gasbank.nominations.nomination import Nomination
from gasbank.nominations.nomint import read_xml

GOOD = """<?xml version="1.0" encoding="UTF-8"?>
<NOMINT xmlns="urn:example">
  <Identification>NOMINT20261124A00001</Identification>
  <Issuer>alice</Issuer><Counterparty>bob</Counterparty>
  <Hub>NBP</Hub><GasDay>2026-11-25</GasDay><Direction>Z03</Direction><Unit>KW1</Unit>
  <Period><TimeInterval>2026-11-25T05:00Z/2026-11-25T07:00Z</TimeInterval><Quantity>100</Quantity></Period>
  <Period><TimeInterval>2026-11-25T07:00:00Z/2026-11-25T08:00:00Z</TimeInterval><Quantity>0</Quantity></Period>
</NOMINT>"""


def test_a_nomint_is_a_nomination() -> None:
    """The same value as from JSON: the seller's output, with a quantity for each hour of an interval."""
    hours = {"2026-11-25T05:00:00Z": 100, "2026-11-25T06:00:00Z": 100, "2026-11-25T07:00:00Z": 0}
    expected = Nomination("NOMINT20261124A00001", "alice", "bob", "NBP", date(2026, 11, 25), "sell", hours)
    assert read_xml(GOOD.encode()) == expected
    assert read_xml(GOOD.replace("Z03", "Z02").encode()).direction == "buy"


BOMB = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
REMOTE = '<!DOCTYPE NOMINT SYSTEM "http://127.0.0.1:9/nomint.dtd">'


@pytest.mark.parametrize("prolog", [BOMB, OUTSIDE, REMOTE, "<!DOCTYPE NOMINT>"])
def test_document_types_are_refused(prolog: str) -> None:
    """Entity bombs, entities from files and remote document types all begin with a document type: refused there."""
    attack = GOOD.replace("<NOMINT", f"{prolog}<NOMINT", 1).replace("alice", "&e;" if "&e" in prolog else "alice")
    with pytest.raises(RefusalError, match="a document type is not taken"):
        read_xml(attack.encode())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<Issuer>alice</Issuer>", "", "Issuer is missing"),
        ("<Hub>", "<Hub>TTF</Hub><Hub>", "Hub is there twice"),
        ("<Hub>NBP", "<Hub>THE", "hub"),
        ("<Unit>KW1", "<Unit>KW2", "none of KW1"),
        ("<Direction>Z03", "<Direction>Z04", "none of Z02, Z03"),
        ("<Quantity>100", "<Quantity>1e2", "not a whole number"),
        ("<Quantity>100", "<Quantity>99999999999999", "<= 1000000000000"),
        ("<Quantity>0", '<Quantity unit="x">0', "attributes are not read"),
        ("07:00Z</", "05:00Z</", "1 to 25 whole hours"),
        ("07:00Z</", "07:30Z</", "an hour is its start"),
        ("07:00Z</", "08:00Z</", "in two periods"),
        ("<Hub>", "<Price>1</Price><Hub>", "NOMINT/Price does not belong here"),
        ("</NOMINT>", "", "no element found"),
        ("alice", "&lol;", "undefined entity"),
        ("<Issuer>alice", "<Issuer>" + "<a>" * 5000, "does not belong here"),
    ],
)
def test_what_is_no_nomint(old: str, new: str, words: str) -> None:
    """Each is refused with what is wrong."""
    with pytest.raises(RefusalError, match=words) as refusal:
        read_xml(GOOD.replace(old, new, 1).encode())
    assert refusal.value.code == "bad-schema"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_no_nomint(text: bytes) -> None:
    """Whatever the bytes, the answer is a refusal."""
    with pytest.raises(RefusalError):
        read_xml(text)
