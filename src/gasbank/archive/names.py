"""What a document is called in the archive: by its gas day, its party, its name and its version. Pure."""

import hashlib
import re
from typing import Any, NamedTuple
from urllib.parse import quote

CONTAINER = "archive"
PREFIX = "confirmations/"
NAME = re.compile(r"confirmations/(\d{4}-\d\d-\d\d)/([^/]+)/([0-9a-f-]{36})\.v(\d+)\.json")


class Item(NamedTuple):
    """One document as a blob; `metadata` is readable without opening it: `sha256` and, percent-encoded, `party`, `sequence`, `subject`."""

    name: str
    data: bytes
    metadata: dict[str, str]

    @property
    def sha256(self) -> str:
        return self.metadata["sha256"]


def blob_name(gas_day: str, party: str, message_id: str, version: int) -> str:
    return f"{PREFIX}{gas_day}/{party}/{message_id}.v{version}.json"


def item_of(document: dict[str, Any], data: bytes) -> Item:
    """`data`: the document's text, as it is kept."""
    name = blob_name(document["gas_day"], document["party"], document["message_id"], document["version"])
    facts = {name: quote(str(document[name])) for name in ("party", "sequence", "subject")}
    return Item(name, data, {"sha256": digest(data)} | facts)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
