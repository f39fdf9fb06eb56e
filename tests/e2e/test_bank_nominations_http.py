"""Nominations, deals, the plant and statements over HTTP: what customers send and see, and whose it is."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from unit.gasbank.signing import ISSUER, Signer, publish
from unit.gasbank.stand import Cluster, Proxy, Stand, standing
from unit.gasbank_market.office import day_of, names_of

from gasbank.domain.gasday import gas_day_of

pytestmark = pytest.mark.e2e
XML = {"Content-Type": "application/xml; charset=utf-8"}


def body(direction: str = "sell", **changed: Any) -> dict[str, Any]:
    party, counterparty = ("alice", "bob") if direction == "sell" else ("bob", "alice")
    said = {"party": party, "counterparty": counterparty, "gas_day": day_of(23).isoformat(), "direction": direction}
    return said | {"hours": [5] * 23} | changed


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def shared(cluster: Cluster, runner: asyncio.Runner) -> Iterator[Stand]:
    """One bank for the tests that disturb nothing: starting one takes longer than asking it."""
    bank = standing(cluster)
    yield runner.run(bank.__aenter__())
    runner.run(bank.__aexit__(None, None, None))


async def send(bank: Stand, text: str, **headers: str) -> tuple[int, Any]:
    url = f"http://127.0.0.1:{bank.port}/nominations"
    async with bank.http.post(url, data=text.encode(), headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


def test_a_nomination_is_taken_in_with_nothing_but_the_database(cluster: Cluster) -> None:
    """202 and a receipt from a process whose buses and read-only listener are all away; the same receipt when it is sent again."""

    async def scenario() -> None:
        nowhere = Proxy(cluster.port)
        await nowhere.set(40613)
        bus = f"Endpoint=sb://127.0.0.1:{nowhere.port}/;SharedAccessKeyName=k;SharedAccessKey=k"
        async with standing(
            cluster, "commands", BUS_A=bus, BUS_B=bus, SQL_READ_ONLY=cluster.address("none", 1)
        ) as bank:
            status, receipt = await bank.post("/nominations", "m-1", body())
            assert (status, receipt["state"], receipt["number"]) == (202, "accepted", 1)
            assert receipt["deal"] == f"TTF/{day_of(23)}/alice/bob"
            assert await bank.post("/nominations", "m-1", body()) == (202, receipt)
            assert bank.sql("SELECT party, number FROM nominations.messages") == [("alice", 1)]
            assert nowhere.connections == 0
        await nowhere.close()

    asyncio.run(scenario())


def test_reads_say_what_became_of_it(shared: Stand, runner: asyncio.Runner) -> None:
    """The message, the deal with both sides and its age, the plant, a statement; and who is not there is said."""

    async def scenario() -> None:
        await shared.post("/nominations", "m-1", body())
        await shared.post("/nominations", "m-2", body("buy", hours={names_of(day_of(23))[0]: 4}))
        _, message = await shared.get("/nominations/m-1")
        assert (message["state"], message["hours"], message["version"]) == ("accepted", [5] * 23, None)
        _, deal = await shared.get(f"/deals/alice/bob/{day_of(23)}")
        first = {
            "hour_utc": names_of(day_of(23))[0],
            "status": None,
            "confirmed_kwh": 0,
            "seller_kwh": 5,
            "buyer_kwh": 4,
        }
        assert (deal["hours"][0], deal["waiting"], deal["version"], deal["stale"]) == (first, 2, 0, False)
        assert (deal["source"], len(deal["hours"]), deal["as_of"][-1]) == ("read-only", 23, "Z")
        _, plant = await shared.get("/plant")
        assert (plant["inventory_kwh"], plant["instructions"]["open"], plant["stale"]) == (0, 0, False)
        for path in ("/nominations/m-9", f"/deals/bob/alice/{day_of(23)}", "/statements/alice/2026-11-23"):
            status, problem = await shared.get(path)
            assert (status, problem["outcome"]) == (404, "not-done")
        for path in ("/deals/alice/bob/noon", "/deals/alice/bob/9999-12-31", "/statements/alice/9999-12-31"):
            assert (await shared.get(path))[0] == 422

    runner.run(scenario())


def test_reasons_over_http(shared: Stand, runner: asyncio.Runner) -> None:
    """Each reason has its code; what could be read is kept with it, under its message id, for good."""
    today = gas_day_of(datetime.now(UTC)).date.isoformat()
    cases = [
        (body(hours=[5] * 24), 422, "wrong-hours"),
        (body(gas_day=today, hours=[5] * 24), 409, "late"),
        (body(gas_day="2999-12-31", hours=[5] * 24), 422, "too-far-ahead"),
        (body(counterparty="GRID"), 422, "unknown-party"),
        (body(hours="all"), 422, "bad-schema"),
        (body(colour="red"), 422, "bad-schema"),
    ]

    async def scenario() -> None:
        for number, (said, status, code) in enumerate(cases):
            for _ in range(2):
                got, problem = await shared.post("/nominations", f"r-{number}", said)
                assert (got, problem["code"], problem["outcome"]) == (status, code, "not-done")
        assert (await shared.get("/nominations/r-0"))[1]["reason"] == "wrong-hours"
        assert (await shared.get("/nominations/r-4"))[0] == 404
        assert (await shared.post("/nominations", "", body()))[1]["code"] == "bad-schema"
        assert (await shared.post("/nominations", "r-9", body(counterparty="carol")))[0] == 202
        assert (await shared.post("/nominations", "r-9", body(counterparty="carol", hours=[6] * 23)))[1][
            "code"
        ] == "duplicate"
        told = shared.sql(
            "SELECT body ->> 'message_id' FROM nominations.outbox WHERE kind = 'rejected' ORDER BY position"
        )
        assert told == [("r-0",), ("r-1",), ("r-2",), ("r-3",)]

    runner.run(scenario())


def nomint(identification: str = "X-1", prolog: str = "", padding: str = "") -> str:
    start, *_, last = names_of(day_of(25))
    return f"""{prolog}<NOMINT><Identification>{identification}</Identification><Issuer>alice</Issuer>
        <Counterparty>bob</Counterparty><GasDay>{day_of(25)}</GasDay><Direction>Z03</Direction>
        <Period><TimeInterval>{start}/{last}</TimeInterval><Quantity>7</Quantity></Period>{padding}</NOMINT>"""


def test_xml_is_taken_and_attacks_are_not(shared: Stand, runner: asyncio.Runner) -> None:
    """A NOMINT counts under its own identification, for 24 of the 25 hours here; bombs, document types and big bodies are refused."""

    async def scenario() -> None:
        status, receipt = await send(shared, nomint(), **XML)
        assert (status, receipt["message_id"]) == (202, "X-1")
        _, found = await shared.get("/nominations/X-1")
        assert len(found["hours"]) == 24
        bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
        for attack in (
            nomint("X-2", bomb),
            nomint("X-3", '<!DOCTYPE x SYSTEM "file:///etc/passwd">'),
            "<NOMINT>",
            "",
        ):
            status, problem = await send(shared, attack, **XML)
            assert (status, problem["code"]) == (422, "bad-schema")
        assert (await send(shared, nomint("X-4", padding=" " * 70_000), **XML))[0] == 413
        assert (await send(shared, nomint("X-5"), **XML, **{"Idempotency-Key": "X-6"}))[0] == 422
        assert shared.sql("SELECT message_id FROM nominations.messages WHERE message_id LIKE 'X-%'") == [("X-1",)]

    runner.run(scenario())


PARTIES = ("alice", "bob", "carol")


def test_a_shipper_sees_and_acts_for_itself_only(cluster: Cluster, tmp_path: Path) -> None:
    """Whoever shows a token may nominate for itself, read its own messages, its own statements and the deals it is in; anything
    else is refused the same way whether it is there or not. Every endpoint, every three parties.
    """
    signer = Signer("k1")
    keys = publish(tmp_path / "keys.json", signer)
    tokens = {name: {"Authorization": f"Bearer {signer.token(appid=name)}"} for name in PARTIES}

    async def scenario() -> None:
        async with standing(cluster, JWKS=keys, AUTHORITY=ISSUER) as bank:
            for path in ("/nominations/m", f"/deals/alice/bob/{day_of(24)}", "/statements/alice/2026-11-23", "/plant"):
                assert (await bank.get(path))[0] == 401
            for party, counterparty in product(PARTIES, PARTIES):
                for shipper in PARTIES:
                    assert await nominate_as(bank, tokens[shipper], party, counterparty) == (
                        403 if shipper != party else 422 if party == counterparty else 202
                    )
                await asyncio.gather(*(examine(bank, tokens, each, party, counterparty) for each in PARTIES))

    asyncio.run(scenario())


async def nominate_as(bank: Stand, token: dict[str, str], party: str, counterparty: str) -> int:
    said = {"party": party, "counterparty": counterparty, "gas_day": day_of(24).isoformat(), "direction": "sell"}
    return (await bank.post("/nominations", f"m-{party}-{counterparty}", said | {"hours": [1] * 24}, **token))[0]


async def examine(bank: Stand, tokens: dict[str, Any], shipper: str, party: str, counterparty: str) -> None:
    """What this shipper may read of a party and its deal."""
    token, day = tokens[shipper], day_of(24).isoformat()
    assert (await bank.get(f"/nominations/m-{party}-{counterparty}", **token))[0] == (200 if shipper == party else 404)
    status, _ = await bank.get(f"/deals/{party}/{counterparty}/{day}", **token)
    assert status == (403 if shipper not in (party, counterparty) else 404 if party == counterparty else 200)
    status, _ = await bank.get(f"/statements/{party}/{day}", **token)
    assert status == (403 if shipper != party else 404)
    status, plant = await bank.get("/plant", **token)
    assert (status, json.dumps(plant).count(party)) == (200, 0)
