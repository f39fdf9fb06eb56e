"""The stage's identity service and the bank's door agree: what one issues, the other understands, and lets through no further than it says."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from unit.gasbank.stand import Cluster, standing

from azsim.identity.models import LIFETIME, Directory

pytestmark = pytest.mark.e2e
AUTHORITY = "https://127.0.0.1:1"


def header(directory: Directory, name: str, age: timedelta = timedelta()) -> dict[str, Any]:
    """The token that this user got so long ago, as a request carries it."""
    user = next(user for user in directory.users if user.name == name)
    return {"Authorization": f"Bearer {directory.issue(user, 'api://gasbank', datetime.now(UTC) - age)}"}


def test_a_token_of_the_stage_opens_its_own_account_and_no_other(cluster: Cluster, tmp_path: Path) -> None:
    """A shipper moves and reads what is its own (its application role names the account), and gets 403 for another's; the auditor audits and
    moves nothing. A token that has expired, and one that another directory signed, are 401.
    """

    async def scenario() -> None:
        directory, forger = Directory(AUTHORITY), Directory(AUTHORITY)
        keys = tmp_path / "keys.json"
        keys.write_text(json.dumps(directory.signing_keys()))
        async with standing(cluster, JWKS=str(keys), AUTHORITY=directory.issuer) as bank:
            shippers = [header(directory, f"shipper-{letter}") for letter in "abc"]
            for letter, token in zip("abc", shippers, strict=True):
                body = {"account": f"shipper-{letter}", "name": letter}
                assert (await bank.post("/accounts", f"open-{letter}", body, **token))[0] == 201
            deposit, balance = {"account": "shipper-a", "kwh": 5}, "/accounts/shipper-a/balance"
            auditor = header(directory, "auditor")
            for number, (token, move, read, audit) in enumerate(
                [
                    (shippers[0], 201, 200, 403),
                    (shippers[1], 403, 403, 403),
                    (auditor, 403, 403, 200),
                    (header(directory, "shipper-a", LIFETIME + timedelta(seconds=1)), 401, 401, 401),
                    (header(forger, "shipper-a"), 401, 401, 401),
                ]
            ):
                assert (await bank.post("/deposits", f"k{number}", deposit, **token))[0] == move
                assert (await bank.get(balance, **token))[0] == read
                assert (await bank.get("/audit/conservation", **token))[0] == audit

    asyncio.run(scenario())


def test_where_tokens_are_offered_only_one_page_asks_for_one(cluster: Cluster, tmp_path: Path) -> None:
    """With SIGN_IN=offered everybody may ask, and /me still says who shows a token, without asking the identity service: 401 without one,
    or with another directory's.
    """

    async def scenario() -> None:
        directory, forger = Directory(AUTHORITY), Directory(AUTHORITY)
        keys = tmp_path / "keys.json"
        keys.write_text(json.dumps(directory.signing_keys()))
        async with standing(cluster, JWKS=str(keys), AUTHORITY=directory.issuer, SIGN_IN="offered") as bank:
            await bank.open("alice")
            assert (await bank.get("/me"))[0] == 401
            assert (await bank.get("/me", **header(forger, "auditor")))[0] == 401
            status, said = await bank.get("/me", **header(directory, "auditor"))
            assert (status, said["roles"]) == (200, ["auditor"])

    asyncio.run(scenario())
