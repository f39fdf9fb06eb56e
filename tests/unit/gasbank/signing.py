"""An identity service that is nothing but keys: it writes a JWKS file and signs tokens."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://authority.test/tenant"


class Signer:
    def __init__(self, name: str) -> None:
        self.name, self.key = name, rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwk(self) -> dict[str, Any]:
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return public | {"kid": self.name, "use": "sig", "alg": "RS256", "issuer": ISSUER}

    def token(self, **changed: Any) -> str:
        """A good token but for what is changed; None leaves a claim out."""
        claims = {"iss": ISSUER, "aud": "api://gasbank", "exp": time.time() + 600, "appid": "shipper-a"} | changed
        left = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(left, self.key, algorithm="RS256", headers={"kid": self.name})


def publish(path: Path, *signers: Signer) -> str:
    path.write_text(json.dumps({"keys": [signer.jwk() for signer in signers]}))
    return str(path)
