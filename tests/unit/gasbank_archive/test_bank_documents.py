"""Documents: the same thing said is the same bytes under the same name, and nobody changes one without being seen."""

import base64
import os
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.gasbank_archive.teller import posted

from gasbank.confirmations.document import Numbered, Saying, canonical, document_of, name_of
from gasbank.confirmations.issuing import is_news
from gasbank.confirmations.sayings import booking
from gasbank.confirmations.signing import DEVELOPMENT, Signer, signer_of
from gasbank.errors import BadSettingError, RefusalError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PLACE = Numbered(1, 7, datetime(2026, 11, 23, 6, tzinfo=UTC))


def saying(**content: object) -> Saying:
    return Saying("booking", "alice", "booking k", "2026-11-23", content)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_the_order_of_names_changes_nothing(value: dict[str, object]) -> None:
    """Canonical JSON is the same bytes for equal values, in whatever order their names came."""
    assert canonical(value) == canonical(dict(reversed(value.items())))


def test_a_changed_document_is_seen() -> None:
    """Any field that is changed, a foreign key and a missing signature are all no proof."""
    ours = signer_of("")
    document = ours.prove(document_of(saying(kwh=5), PLACE))
    assert ours.proves(document)
    for field in document:
        assert field == "key_id" or not ours.proves(document | {field: "changed"})
    assert not Signer(os.urandom(32)).proves(document)
    assert document["key_id"] == DEVELOPMENT


@pytest.mark.parametrize("text", ["x", "AAAA", base64.b64encode(b"too short").decode()])
def test_a_bad_key_is_refused_with_what_is_accepted(text: str) -> None:
    """A signing key that is no 32 bytes of base64 is a setting that the bank does not start with."""
    with pytest.raises(BadSettingError, match="32 random bytes in base64"):
        signer_of(text)
    assert signer_of(base64.b64encode(os.urandom(32)).decode()).key_id != DEVELOPMENT


def test_a_name_is_of_the_party_and_the_subject() -> None:
    """The same thing said to two parties has two names; said again it has the same."""
    assert name_of("alice", "booking k") == name_of("alice", "booking k")
    assert len({name_of("alice", "booking k"), name_of("bob", "booking k"), name_of("alice", "booking l")}) == 3


def test_only_news_are_told() -> None:
    """The same content is no news; an older matching is none; a correction is."""
    told = document_of(saying(version=3, kwh=5), PLACE)
    assert not is_news(saying(version=3, kwh=5), told)
    assert not is_news(saying(version=2, kwh=4), told)
    assert is_news(saying(version=4, kwh=4), told)
    assert is_news(saying(version=1)._replace(kind="retraction"), told)


def test_a_booking_belongs_to_the_gas_day_of_its_flow() -> None:
    """A flow counts in the hour that it flows in, anything else when it was posted; 05:59 local is still the day before."""
    assert booking(posted("alice", "k", hour="2026-11-25T06:00:00Z")).gas_day == "2026-11-25"
    assert booking(posted("alice", "k", posted_at="2026-11-23T04:59:59.000000Z")).gas_day == "2026-11-22"
    assert booking(posted("alice", "k", posted_at="2026-11-23T05:00:00.000000Z")).gas_day == "2026-11-23"


def test_what_is_no_message_is_refused() -> None:
    """A body without what it must have goes to quarantine: it is a refusal, with the name of what is missing."""
    message = posted("alice", "k")
    del message.body["key"]
    with pytest.raises(RefusalError, match="key"):
        booking(message)
