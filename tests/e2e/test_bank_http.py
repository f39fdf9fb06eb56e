"""The bank over HTTP, on a real PostgreSQL that is well."""

import asyncio

import psycopg
import pytest
from unit.gasbank.stand import Cluster, Stand, standing

pytestmark = pytest.mark.e2e


def test_a_customers_day(cluster: Cluster) -> None:
    """Open, deposit, transfer, withdraw, read: the books show all of it and add up to zero."""

    async def day() -> None:
        async with standing(cluster) as bank:
            assert (await bank.post("/accounts", "k1", {"account": "alice", "name": "Alice <b>"}))[0] == 201
            await bank.open("bob")
            status, receipt = await bank.post("/deposits", "k2", {"account": "alice", "kwh": 70})
            assert (status, receipt["key"], receipt["kind"]) == (201, "k2", "deposit")
            assert (await bank.transfer("k3", "alice", "bob", 30))[0] == 201
            assert (await bank.post("/withdrawals", "k4", {"account": "alice", "kwh": 10}))[0] == 201
            status, balance = await bank.get("/accounts/alice/balance")
            assert (status, balance["kwh"], balance["source"]) == (200, 30, "read-only")
            assert balance["as_of"].endswith("Z")
            await check_books(bank)

    asyncio.run(day())


async def check_books(bank: Stand) -> None:
    _, statement = await bank.get("/accounts/alice/statement?limit=2")
    assert [(line["key"], line["kwh"], line["balance_kwh"]) for line in statement["lines"]] == [
        ("k2", 70, 70),
        ("k3", -30, 40),
    ]
    _, rest = await bank.get(f"/accounts/alice/statement?after={statement['next']}")
    assert [line["key"] for line in rest["lines"]] == ["k4"]
    assert rest["next"] is None
    _, page = await bank.get("/audit/entries?prefix=k&limit=2")
    assert [(entry["key"], entry["times"]) for entry in page["entries"]] == [("k2", 1), ("k3", 1)]
    assert page["entries"][1]["lines"] == [{"account": "alice", "kwh": -30}, {"account": "bob", "kwh": 30}]
    assert page["next"] == "k3"
    _, sums = await bank.get("/audit/conservation")
    zeros = {name: sums[name] for name in ("sum_kwh", "journal_sum_kwh", "unbalanced", "drifted")}
    assert set(zeros.values()) == {0}
    assert (sums["accounts"], sums["transactions"], sums["source"]) == (4, 4, "read-only")


def test_one_key_counts_once(cluster: Cluster) -> None:
    """A hundred requests with one key at the same moment: one movement, one hundred equal answers."""

    async def scenario() -> None:
        async with standing(cluster) as bank:
            await bank.open("alice", "bob")
            answers = await asyncio.gather(*(bank.transfer("same", "alice", "bob", 7) for _ in range(100)))
            assert {status for status, _ in answers} == {201}
            assert len({receipt["id"] for _, receipt in answers}) == 1
            assert all(receipt == answers[0][1] for _, receipt in answers)
            assert (await bank.get("/accounts/bob/balance"))[1]["kwh"] == 1007
            status, problem = await bank.transfer("same", "alice", "bob", 8)
            assert (status, problem["code"]) == (422, "key-reused")

    asyncio.run(scenario())


def test_one_key_opens_one_account(cluster: Cluster) -> None:
    """Twenty requests at once to open one account with one key: all get the same receipt; another key gets 409."""

    async def scenario() -> None:
        async with standing(cluster) as bank:
            body = {"account": "carol", "name": "Carol \u2603"}
            answers = await asyncio.gather(*(bank.post("/accounts", "open", body) for _ in range(20)))
            assert {status for status, _ in answers} == {201}
            assert len({receipt["id"] for _, receipt in answers}) == 1
            assert (await bank.post("/accounts", "other", body))[0] == 409

    asyncio.run(scenario())


def test_crossing_transfers_conserve_gas(cluster: Cluster) -> None:
    """Two hundred transfers at once between two accounts, in both directions: no deadlock, nothing made, nothing lost."""

    async def scenario() -> None:
        async with standing(cluster) as bank:
            await bank.open("alice", "bob")
            pairs = [("alice", "bob"), ("bob", "alice")]
            answers = await asyncio.gather(*(bank.transfer(f"c-{n}", *pairs[n % 2], 1 + n % 3) for n in range(200)))
            assert {status for status, _ in answers} == {201}
            balances = [(await bank.get(f"/accounts/{name}/balance"))[1]["kwh"] for name in ("alice", "bob")]
            assert sum(balances) == 2000
            assert (await bank.get("/status"))[1]["counters"].get("attempts that failed", 0) == 0

    asyncio.run(scenario())


def test_no_overdraft_in_a_race(cluster: Cluster) -> None:
    """Fifty withdrawals of 100 kWh at once from an account of 1,000 kWh: ten succeed, forty are refused with 409."""

    async def scenario() -> None:
        async with standing(cluster) as bank:
            await bank.open("alice")
            calls = [bank.post("/withdrawals", f"w-{n}", {"account": "alice", "kwh": 100}) for n in range(50)]
            statuses = [status for status, _ in await asyncio.gather(*calls)]
            assert (statuses.count(201), statuses.count(409)) == (10, 40)
            assert (await bank.get("/accounts/alice/balance"))[1]["kwh"] == 0

    asyncio.run(scenario())


BAD_BODIES = [
    ("/transfers", {"from": "alice", "to": "bob", "kwh": 10**30}, 422),
    ("/transfers", {"from": "alice", "to": "bob", "kwh": 0}, 422),
    ("/transfers", {"from": "alice", "to": "bob", "kwh": -1}, 422),
    ("/transfers", {"from": "alice", "to": "bob", "kwh": 1.0}, 422),
    ("/transfers", {"from": "alice", "to": "bob", "kwh": True}, 422),
    ("/transfers", {"from": "alice", "to": "bob", "kwh": "1"}, 422),
    ("/transfers", {"from": "alice", "to": "alice", "kwh": 1}, 422),
    ("/transfers", {"from": "alice", "to": "GRID", "kwh": 1}, 422),
    ("/transfers", {"from": "alice", "to": "nobody", "kwh": 1}, 404),
    ("/transfers", {"from": "alice", "to": "bob", "kwh": 1, "note": "x"}, 422),
    ("/transfers", {"from": "alice", "kwh": 1}, 422),
    ("/transfers", ["alice"], 422),
    ("/deposits", {"account": "a\x00b", "kwh": 1}, 422),
    ("/deposits", {"account": "al\u00efce", "kwh": 1}, 422),
    ("/withdrawals", {"account": "alice", "kwh": 2000}, 409),
    ("/accounts", {"account": "x" * 101, "name": "x"}, 422),
    ("/accounts", {"account": "dave", "name": "x\x00"}, 422),
    ("/accounts", {"account": "dave", "name": "x" * 201}, 422),
    ("/accounts", {"account": "dave", "name": ""}, 422),
    ("/accounts", {"account": "GRID", "name": "mine"}, 409),
]
BAD_PATHS = [
    ("/accounts/nobody/balance", 404),
    ("/accounts/a%00b/balance", 422),
    ("/accounts/%ed%a0%80/balance", 422),
    ("/audit/entries?prefix=%00", 422),
    ("/audit/entries?limit=0", 422),
    ("/audit/entries?limit=abc", 422),
    ("/accounts/alice/statement?after=99999999999999999999999", 422),
    ("/nowhere", 404),
]


def test_bad_input_is_refused_politely(cluster: Cluster) -> None:
    """Whatever comes in: a 4xx with a problem document that says "not-done", never a 500."""

    async def scenario() -> None:
        async with standing(cluster) as bank:
            await bank.open("alice", "bob")
            for n, (path, body, expected) in enumerate(BAD_BODIES):
                status, problem = await bank.post(path, f"bad-{n}", body)
                assert (status, problem["status"], problem["outcome"]) == (expected, expected, "not-done"), (path, body)
            for path, expected in BAD_PATHS:
                status, problem = await bank.get(path)
                assert (status, problem["status"]) == (expected, expected), path
            assert await bank.posted("bad-") == {}

    asyncio.run(scenario())


RAW_BODIES = [
    (b"{", 400),
    (b"", 422),
    (b'{"account": "alice", "kwh": ' + b"9" * 5000 + b"}", 400),
    (b'{"account": "alice", "name": "\\ud800"}', 422),
    (b"[" * 20_000, 400),
    (b'{"account": "\xff"}', 400),
    (b'{"account": "' + b"x" * 100_000 + b'"}', 413),
]


def test_a_key_is_required(cluster: Cluster) -> None:
    """Without a usable Idempotency-Key nothing is done: 400, with what is accepted."""

    async def scenario() -> None:
        async with standing(cluster) as bank:
            for key in ("", "a" * 201, "a b", "\u00e9"):
                status, problem = await bank.post("/accounts", key, {"account": "alice", "name": "x"})
                assert (status, problem["outcome"]) == (400, "not-done")
                assert "Idempotency-Key" in problem["detail"]
            assert (await bank.get("/accounts/alice/balance"))[0] == 404

    asyncio.run(scenario())


def test_broken_bodies(cluster: Cluster) -> None:
    """Bodies that are not JSON, too deep, too long or not Unicode are refused with a problem document."""

    async def scenario() -> None:
        async with standing(cluster) as bank:
            for n, (body, expected) in enumerate(RAW_BODIES):
                url = f"http://127.0.0.1:{bank.port}/accounts"
                headers = {"Idempotency-Key": f"raw-{n}", "Content-Type": "application/json"}
                async with bank.http.post(url, data=body, headers=headers) as answer:
                    assert (answer.status, answer.content_type) == (expected, "application/problem+json"), body[:40]
            assert (await bank.get("/about"))[1]["region"] == "westeurope"

    asyncio.run(scenario())


TAMPERING = [
    "UPDATE ledger.accounts SET kwh = kwh + 1 WHERE account = 'alice'",
    "INSERT INTO ledger.journal (version, id, key, kind, posted_at) VALUES (999, gen_random_uuid(), 'k', 'deposit', now())",
    """INSERT INTO ledger.entries (version, account, sequence, kwh, balance_kwh)
        SELECT min(version), 'bob', 1, 5, 5 FROM ledger.journal""",
    "UPDATE ledger.entries SET kwh = kwh + 1",
    "DELETE FROM ledger.journal",
]


def test_the_database_guards_the_books(cluster: Cluster) -> None:
    """What would break the books is refused by the database itself, whoever writes it."""

    async def scenario() -> None:
        async with standing(cluster) as bank:
            await bank.open("alice")
            await bank.post("/accounts", "k", {"account": "bob", "name": "Bob"})
            for statement in TAMPERING:
                with pytest.raises(psycopg.errors.IntegrityError):
                    bank.sql(statement)

    asyncio.run(scenario())
