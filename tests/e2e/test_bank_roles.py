"""Commands and reads as processes of their own: what each needs, what each answers, and what is said when something is away."""

import asyncio
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from unit.gasbank.signing import ISSUER, Signer, publish
from unit.gasbank.stand import Cluster, Proxy, Stand, environment, standing

from gasbank.ledger.commands import Deposit, OpenAccount
from gasbank.ledger.posting import post
from gasbank.settings import settings
from gasbank.store.engine import make_engine

pytestmark = pytest.mark.e2e
HOUR = "2026-11-23T06:00:00Z"


def elsewhere(port: int) -> dict[str, str]:
    """Everything that is not the read-write database is at `port`."""
    bus = f"Endpoint=sb://127.0.0.1:{port}/;SharedAccessKeyName=k;SharedAccessKey=k"
    blob = f"AccountName=a;AccountKey=aw==;BlobEndpoint=https://127.0.0.1:{port}/a"
    return {
        "SQL_READ_ONLY": f"postgresql://bank:x@127.0.0.1:{port}/bank",
        **dict.fromkeys(("BUS_A", "BUS_B"), bus),
        **dict.fromkeys(("BLOB_1", "BLOB_2"), blob),
    }


def test_commands_need_nothing_but_the_read_write_database(cluster: Cluster) -> None:
    """With buses, blob accounts and the read-only listener at an address that lets nobody in, every command is taken, and
    the process has tried none of them: its only connections lead to the read-write listener.
    """

    async def scenario() -> None:
        nowhere = Proxy(cluster.port)
        await nowhere.set(40613)
        async with standing(cluster, "commands", **elsewhere(nowhere.port)) as bank:
            await bank.open("alice", "bob")
            flow = {"account": "alice", "kwh": 100, "hour": HOUR}
            answers = [
                await bank.transfer("t-1", "alice", "bob", 1),
                await bank.post("/withdrawals", "w-1", {"account": "bob", "kwh": 1}),
                await bank.post("/injections", "i-1", flow),
                await bank.post("/withdrawals-from-store", "x-1", flow),
            ]
            assert [status for status, _ in answers] == [201, 201, 202, 409]
            assert (await bank.get("/accounts/alice/balance"))[0] == 404
            assert destinations(bank) <= {bank.writes.port}
            assert nowhere.connections == 0
        await nowhere.close()

    asyncio.run(scenario())


def destinations(bank: Stand) -> set[int]:
    """The ports that the process has connections to, apart from those that lead to itself."""
    connections = psutil.Process(bank.process.pid).net_connections("inet")
    return {each.raddr.port for each in connections if each.raddr and each.laddr.port != bank.port}


def test_reads_go_on_without_the_write_side(cluster: Cluster) -> None:
    """A reads process answers balances and audits from the copy while the read-write listener is away, and takes no commands.
    Nobody folds projections here, and the answers are right all the same.
    """

    async def scenario() -> None:
        async with standing(cluster, "reads") as bank:
            await fill(bank)
            await bank.writes.set("cut")
            status, body = await bank.get("/accounts/alice/balance")
            assert (status, body["kwh"], body["source"], body["stale"]) == (200, 70, "read-only", False)
            assert body["version"] > 0
            _, sums = await bank.get("/audit/conservation")
            assert (sums["not_folded"], sums["transactions"], sums["drifted"]) == (1, 1, 0)
            assert (await bank.post("/transfers", "t", {"from": "alice", "to": "bob", "kwh": 1}))[0] in (404, 405)
            status, problem = await bank.get("/audit/entries", Prefer="wait=0.2")
            assert (status, problem["outcome"]) == (503, "not-done")
            assert (await bank.get("/accounts/alice/store"))[1]["kwh"] == 0
            assert (await bank.get("/accounts/nobody/store", Prefer="wait=0.2"))[
                0
            ] == 503  # unknown here is not unknown

    asyncio.run(scenario())


async def fill(bank: Stand) -> None:
    """Two accounts and one movement, as the write side would have left them."""
    chosen = settings(environment(bank.cluster, bank.database, bank.cluster.port, bank.cluster.port, 1))
    engine = make_engine(chosen.sql_read_write, "fill", 1, chosen.habits)
    async with engine.connect() as connection:
        for number, command in enumerate((OpenAccount("alice", "a"), OpenAccount("bob", "b"), Deposit("alice", 70))):
            await post(connection, f"fill-{number}", command)
    await engine.dispose()


def test_a_reader_sees_its_own_writes(cluster: Cluster) -> None:
    """The copy is behind (here: another, emptier database). Without a version the answer is the copy's; with the receipt's
    version it is the write side's; a version that nobody posted gets 412 and no number.
    """

    async def scenario() -> None:
        copy = cluster.database()
        own = environment(cluster, copy, cluster.port, cluster.port, 1)
        await asyncio.to_thread(subprocess.run, [sys.executable, "-m", "gasbank", "migrate"], env=own, check=True)
        cluster.execute(copy, "INSERT INTO ledger.accounts (account, name) VALUES ('alice', 'Alice')")
        async with standing(cluster, SQL_READ_ONLY=cluster.address(copy)) as bank:
            await bank.open("alice")
            _, receipt = await bank.post("/deposits", "d-1", {"account": "alice", "kwh": 5})
            _, old = await bank.get("/accounts/alice/balance")
            assert (old["kwh"], old["source"]) == (0, "read-only")
            _, new = await bank.get(f"/accounts/alice/balance?at-least={receipt['version']}")
            assert (new["kwh"], new["version"], new["source"]) == (1005, receipt["version"], "read-write")
            status, problem = await bank.get("/accounts/alice/balance?at-least=999999")
            assert (status, problem["code"]) == (412, "version-unknown")

    asyncio.run(scenario())


def test_flows_over_http(cluster: Cluster) -> None:
    """An injection is answered 202 and found by its key; bad hours are refused; the same key gets the same receipt."""

    async def scenario() -> None:
        async with standing(cluster) as bank:
            await bank.open("alice")
            body = {"account": "alice", "kwh": 400, "hour": HOUR}
            status, receipt = await bank.post("/injections", "i-1", body)
            assert (status, receipt["kind"]) == (202, "injection")
            assert await bank.post("/injections", "i-1", body) == (202, receipt)
            _, flow = await bank.get("/flows/i-1")
            assert (flow["state"], flow["kwh"], flow["hour"], flow["settled_at"]) == ("reserved", 400, HOUR, None)
            assert (await bank.get("/accounts/alice/in-flight"))[1]["kwh"] == 400
            assert (await bank.get("/flows/i-2"))[0] == 404
            for n, hour in enumerate(("2026-11-23T06:30:00Z", "2026-11-23 06:00", "", "2026-11-23T06:00:00+01")):
                assert (await bank.post("/injections", f"bad-{n}", body | {"hour": hour}))[0] == 422
            await folded(bank)

    asyncio.run(scenario())


async def folded(bank: Stand) -> None:
    """Poll until nothing is left to fold: without a worker the process folds by itself."""
    async with asyncio.timeout(20):
        while (await bank.get("/audit/conservation"))[1]["not_folded"]:  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.05)


def test_metrics_and_status_say_the_level(cluster: Cluster) -> None:
    """The level, the breakers and the outbox for Prometheus and for people."""

    async def scenario() -> None:
        async with standing(cluster) as bank:
            await bank.open("alice")
            _, said = await bank.get("/status")
            assert (said["role"], said["level"], said["missing"]) == ("all", "full", [])
            async with bank.http.get(f"http://127.0.0.1:{bank.port}/metrics") as answer:
                text = await answer.text()
            assert 'gasbank_level{level="full"} 1\n' in text
            assert 'gasbank_breaker_open{service="read-write"} 0\n' in text
            assert 'gasbank_events_total{event="commands posted"} 2\n' in text

    asyncio.run(scenario())


def test_with_keys_everybody_must_show_a_token(cluster: Cluster, tmp_path: Path) -> None:
    """With JWKS set, commands and reads want a token that those keys signed; what watches need stays open."""
    signer = Signer("k1")
    keys = publish(tmp_path / "keys.json", signer)
    bearer = {"Authorization": f"Bearer {signer.token(appid='alice')}"}

    async def scenario() -> None:
        async with standing(cluster, JWKS=keys, AUTHORITY=ISSUER) as bank:
            body = {"account": "alice", "name": "Alice"}
            status, problem = await bank.post("/accounts", "k", body)
            assert (status, problem["code"], problem["outcome"]) == (401, "unauthenticated", "not-done")
            assert (await bank.post("/accounts", "k", body, **bearer))[0] == 201
            assert (await bank.get("/accounts/alice/balance"))[0] == 401
            assert (await bank.get("/accounts/alice/balance", **bearer))[0] == 200
            assert [(await bank.get(path))[0] for path in ("/about", "/health/ready", "/status")] == [200] * 3

    asyncio.run(scenario())


def test_check_and_rebuild_as_commands(cluster: Cluster) -> None:
    """`check` ends with 0 on sound books and with 1 on a changed balance; `rebuild` mends that and says it was different."""

    async def scenario() -> None:
        async with standing(cluster) as bank:
            await bank.open("alice", "bob")
            await folded(bank)
            assert command(bank, "check") == (
                0,
                "balances, projections and events agree: 4 accounts, 4 events, 4 of them folded",
            )
            code, said = command(bank, "rebuild")
            assert (code, said.partition(",")[0]) == (0, "4 events folded again: the same")
            bank.sql("UPDATE ledger_read.balances SET kwh = 1 WHERE account = 'bob'")
            code, said = command(bank, "check")
            assert (code, said.partition(":")[0]) == (1, "1 differences")
            assert "not as before" in command(bank, "rebuild")[1]
            assert command(bank, "check")[0] == 0

    asyncio.run(scenario())


def command(bank: Stand, *words: str) -> tuple[int, str]:
    """(exit code, the last line that was printed)"""
    own = environment(bank.cluster, bank.database, bank.cluster.port, bank.cluster.port, 1)
    done = subprocess.run(
        [sys.executable, "-m", "gasbank", *words], env=own, capture_output=True, text=True, check=False
    )
    return done.returncode, (done.stdout + done.stderr).strip().splitlines()[-1]
