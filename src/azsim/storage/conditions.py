"""If-Match and its kin, on what is there now. 304 for reads, 412 for writes, 409 for a create that finds something."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from azsim.storage.errors import StorageError


class Conditions(NamedTuple):
    """As the client sent them; None was not sent. Times are seconds since 1970: HTTP knows no finer."""

    match: str | None
    none_match: str | None
    modified_since: int | None
    unmodified_since: int | None

    def is_met(self, etag: str, modified: int) -> bool:
        """Whether something with this tag and time (microseconds) fulfils all but If-None-Match and -Modified-Since."""
        if self.match not in (None, "*", etag):
            return False
        return self.unmodified_since is None or modified // 1_000_000 <= self.unmodified_since

    def is_news(self, etag: str, modified: int) -> bool:
        """Whether it is another than the client knows."""
        if self.none_match in ("*", etag):
            return False
        return self.modified_since is None or modified // 1_000_000 > self.modified_since


def conditions(headers: Mapping[str, str]) -> Conditions:
    return Conditions(
        quoted(headers.get("If-Match")),
        quoted(headers.get("If-None-Match")),
        seconds(headers, "If-Modified-Since"),
        seconds(headers, "If-Unmodified-Since"),
    )


def quoted(tag: str | None) -> str | None:
    """Some clients leave the quotes out."""
    return tag if tag in (None, "*") or tag.startswith('"') else f'"{tag}"'


def seconds(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name)
    if text is None:
        return None
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except ValueError:
        raise StorageError("InvalidHeaderValue", f"{name} must be an HTTP date, not {text!r}.") from None


def check_read(wanted: Conditions, etag: str, modified: int) -> None:
    """StorageError 412 or 304 unless the client may have it."""
    if not wanted.is_met(etag, modified):
        raise StorageError("ConditionNotMet")
    if not wanted.is_news(etag, modified):
        raise StorageError("ConditionNotMet", status=304)


def check_write(wanted: Conditions, etag: str | None, modified: int) -> None:
    """StorageError unless it may be written; `etag` None: there is nothing yet."""
    if etag is None:
        if wanted.match is not None:
            raise StorageError("ConditionNotMet")
        return
    if wanted.none_match == "*":
        raise StorageError("BlobAlreadyExists")
    if not wanted.is_met(etag, modified) or not wanted.is_news(etag, modified):
        raise StorageError("ConditionNotMet")
