"""Documents are signed with Ed25519: whoever has the public key can check one, and only the bank can make one.

With a shared secret (HMAC) each customer could forge what the bank said. The private key is GASBANK_SIGNING_KEY. Without it a key
is used that anybody finds in this file; its name is `development`, and what it signs proves nothing.
"""

import base64
import binascii
import hashlib
import os
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gasbank.confirmations.document import hash_of, proved_bytes
from gasbank.errors import BadSettingError

SETTING = "GASBANK_SIGNING_KEY"
DEVELOPMENT = "development"
SEED_BYTES = 32


class Signer:
    """`key_id`: the first half of the SHA-256 of the public key, or `development`."""

    def __init__(self, seed: bytes, key_id: str = "") -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = key_id or hashlib.sha256(self.public).hexdigest()[:32]

    def prove(self, document: dict[str, Any]) -> dict[str, Any]:
        """The document with hash, signature and the name of the key."""
        signature = base64.b64encode(self._key.sign(proved_bytes(document))).decode()
        return document | {"hash": hash_of(document), "signature": signature, "key_id": self.key_id}

    def proves(self, document: dict[str, Any]) -> bool:
        """Whether the document is as it was when it was signed with this key."""
        try:
            signature = base64.b64decode(str(document.get("signature", "")), validate=True)
            self._key.public_key().verify(signature, proved_bytes(document))
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return document.get("hash") == hash_of(document)


def signer_of(text: str) -> Signer:
    """The signer with this key, in base64; the development key for ""."""
    if not text:
        return Signer(hashlib.sha256(b"the gas bank's development key").digest(), DEVELOPMENT)
    try:
        seed = base64.b64decode(text, validate=True)
    except binascii.Error:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise BadSettingError(
            f"{SETTING} is not usable; it takes {SEED_BYTES} random bytes in base64: openssl rand -base64 32"
        )
    return Signer(seed)


@cache
def signer() -> Signer:
    """This process's signer. A handler of messages is given no settings, so the environment is asked here, once."""
    return signer_of(os.environ.get(SETTING, ""))
