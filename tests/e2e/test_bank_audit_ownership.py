"""With tokens on, a shipper moves and reads its own and nothing else, on every endpoint that there is; auditors audit."""

import asyncio
import re
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from unit.gasbank.signing import ISSUER, Signer, publish
from unit.gasbank.stand import Cluster, Stand, standing

from gasbank.settings import settings
from gasbank.web.app import make_app
from gasbank.web.own import NAMES_A_PARTY

pytestmark = pytest.mark.e2e
SIGNER = Signer("k1")
NAMES = ("alice", "bob")
HOUR = "2026-11-23T06:00:00Z"
OTHER_PARTS = {
    "gas_day": "2026-11-23",
    "message_id": str(uuid4()),
    "key": "k",
    "seller": "carol",
    "buyer": "dave",
    "region": "1",
}


def token(name: str, *roles: str) -> dict[str, Any]:
    return {"Authorization": f"Bearer {SIGNER.token(appid=name, roles=list(roles))}"}


def paths() -> list[str]:
    """Of all GET endpoints of the application."""
    address = "postgresql://a:b@127.0.0.1:1/c"
    app = make_app(settings({"SQL_READ_WRITE": address, "SQL_READ_ONLY": address}))
    return sorted(path for path, item in app.openapi()["paths"].items() if "get" in item)


def parts_of(path: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", path))


OF_A_PARTY = [path for path in paths() if not parts_of(path).isdisjoint(NAMES_A_PARTY)]


def test_every_path_that_names_somebody_is_known_here() -> None:
    """A new part of a path is either a party, which the rule guards, or one that this test knows; the rule guards all these routes."""
    assert set().union(*map(parts_of, paths())) <= {*NAMES_A_PARTY, *OTHER_PARTS}
    assert {path.split("/")[1] for path in OF_A_PARTY} == {"accounts", "archive", "confirmations", "statements"}


def test_nobody_reads_another_ones_position(cluster: Cluster, tmp_path: Path) -> None:
    """Every endpoint with an account or a party in its path, every pair of shippers: one's own is answered or not there, another
    one's is 403, without a token 401.
    """

    async def scenario() -> None:
        async with standing(cluster, JWKS=publish(tmp_path / "keys.json", SIGNER), AUTHORITY=ISSUER) as bank:
            for name in NAMES:
                assert (await opened(bank, name))[0] == 201
            for path, reader, of in product(OF_A_PARTY, NAMES, NAMES):
                full = path.format_map(OTHER_PARTS | dict.fromkeys(NAMES_A_PARTY, of))
                status, said = await bank.get(full, **token(reader))
                assert (status in (200, 404)) if reader == of else (status, said["code"]) == (403, "not-yours"), full
                assert (await bank.get(full))[0] == 401
                assert (await bank.get(full, **token("someone", f"account:{of}")))[0] in (200, 404)

    asyncio.run(scenario())


async def opened(bank: Stand, name: str) -> tuple[int, Any]:
    body = {"account": name, "name": name}
    await bank.post("/accounts", f"open-{name}", body, **token(name))
    return await bank.post("/deposits", f"fill-{name}", {"account": name, "kwh": 100}, **token(name))


def test_gas_goes_from_ones_own_account_only(cluster: Cluster, tmp_path: Path) -> None:
    """Every command: on one's own account it is done, on another one's it is refused and nothing moves; a transfer needs the giver's
    token and not the taker's. Who asked is in the books.
    """

    async def scenario() -> None:
        async with standing(cluster, JWKS=publish(tmp_path / "keys.json", SIGNER), AUTHORITY=ISSUER) as bank:
            for name in NAMES:
                await opened(bank, name)
            commands = [
                ("/deposits", {"account": "alice", "kwh": 1}),
                ("/withdrawals", {"account": "alice", "kwh": 1}),
                ("/injections", {"account": "alice", "kwh": 1, "hour": HOUR}),
                ("/transfers", {"from": "alice", "to": "bob", "kwh": 1}),
                ("/accounts", {"account": "carol", "name": "Carol"}),
            ]
            for number, (path, body) in enumerate(commands):
                assert (await bank.post(path, f"k{number}", body))[0] == 401
                status, said = await bank.post(path, f"k{number}", body, **token("bob", "auditor"))
                assert (status, said["code"]) == (403, "not-yours")
                owner = "carol" if path == "/accounts" else "alice"
                assert (await bank.post(path, f"k{number}", body, **token(owner)))[0] in (201, 202)
            actors = bank.sql("SELECT facts ->> 'actor' FROM ledger.journal WHERE key ~ '^k' ORDER BY key")
            assert actors == [("alice",)] * 4 + [("carol",)]
            assert (await bank.get("/flows/k2", **token("alice")))[0] == 200
            assert (await bank.get("/flows/k2", **token("bob")))[0] == 403

    asyncio.run(scenario())


def test_auditors_audit(cluster: Cluster, tmp_path: Path) -> None:
    """/audit needs the role; without any token settings everybody may ask everything."""

    async def scenario() -> None:
        async with standing(cluster, JWKS=publish(tmp_path / "keys.json", SIGNER), AUTHORITY=ISSUER) as bank:
            for path in ("/audit/entries", "/audit/conservation"):
                status, said = await bank.get(path, **token("alice"))
                assert (status, said["code"]) == (403, "not-an-auditor")
                assert (await bank.get(path, **token("carol", "auditor")))[0] == 200
        async with standing(cluster) as bank:
            await bank.open("alice")
            for path in ("/audit/entries", "/audit/conservation", "/accounts/alice/balance", "/confirmations/alice"):
                assert (await bank.get(path))[0] == 200

    asyncio.run(scenario())
