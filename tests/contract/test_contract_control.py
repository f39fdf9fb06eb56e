"""Steering a running stage: what it promises to say, what may be changed, who may ask."""

import pytest
from contract.running_stage import CONFIG, RunningStage, ask

pytestmark = pytest.mark.e2e

PROMISED = {
    "running",
    "profile",
    "subscription",
    "resource_group",
    "tenant",
    "client_id",
    "client_secret",
    "arm",
    "authority",
    "ca",
    "bank",
    "sql",
    "servicebus",
    "storage",
    "kubernetes",
}


def test_the_status_is_as_promised(stage: RunningStage) -> None:
    """Every promised key with the promised shape."""
    status = stage.status()
    assert status.keys() >= PROMISED
    assert (status["running"], status["profile"], status["resource_group"]) == (True, "brisk", "gasbank")
    assert set(status["sql"]) >= {"failover_group", "lag_s", "read_write", "read_only", "servers"}
    assert {name: server["location"] for name, server in status["sql"]["servers"].items()} == {
        "dbp": "West Europe",
        "dbfop": "North Europe",
    }
    assert {name: set(one) >= {"connection_string", "queues"} for name, one in status["servicebus"].items()} == {
        "sb-weu": True,
        "sb-neu": True,
    }
    assert {name: one["sku"] for name, one in status["storage"].items()} == {
        "gasbankweu": "Standard_RAGRS",
        "gasbankneu": "Standard_RAGRS",
    }
    assert {region: one["pods_wanted"] for region, one in status["kubernetes"].items()} == {
        "westeurope": 2,
        "northeurope": 2,
    }


def test_the_token_is_needed(stage: RunningStage) -> None:
    """Loopback is not a reason to trust everybody on the machine."""
    code, body = stage.ask("GET", "/status", token="guess")
    assert code == 401
    assert "token" in body["error"]["what"]


def test_the_lag_changes_while_the_stage_runs(stage: RunningStage) -> None:
    """The new settings come back when they are in force."""
    assert stage.ask("PATCH", "/settings", {"replication_lag_s": 0.25})[1]["replication_lag_s"] == 0.25
    assert stage.ask("PATCH", "/settings", {"replication_lag_s": 0, "profile": "brisk"})[1]["replication_lag_s"] == 0


@pytest.mark.parametrize(
    "patch", [{"lag": 1}, {"replication_lag_s": -1}, {"profile": "fast"}, {"replication_lag_s": "2s"}, [1], "x"]
)
def test_a_wrong_setting_is_refused_with_the_accepted_ones(stage: RunningStage, patch: object) -> None:
    """And nothing changes."""
    code, body = stage.ask("PATCH", "/settings", patch)
    assert code == 400
    assert "replication_lag_s" in body["error"]["next"]


def test_a_mistake_is_rolled_out_and_back(stage: RunningStage) -> None:
    """Every copy is told, the entry serves all the while, and the call returns when all are ready."""
    before = set(stage.pods())
    assert stage.ask("PATCH", "/settings", {"mistake": "no-retry"})[0] == 200
    stage.until_ready()
    assert before.isdisjoint(stage.pods())
    status = stage.status()
    assert {ask(status["bank"], "GET", "/")[1]["MISTAKE"] for _ in range(8)} == {"no-retry"}
    assert stage.ask("PATCH", "/settings", {"mistake": ""})[1]["mistake"] == ""
    assert {ask(status["bank"], "GET", "/")[1]["MISTAKE"] for _ in range(8)} == {""}


def test_a_mistake_that_the_workload_refuses_leaves_all_as_it_was(stage: RunningStage) -> None:
    """The error carries the workload's own words."""
    code, body = stage.ask("PATCH", "/settings", {"mistake": "no-such-thing"})
    assert code == 400
    assert "accepted: no-retry" in body["error"]["what"]
    status = stage.status()
    assert status["mistake"] == ""
    stage.until_ready()


def test_a_fault_is_had_and_mended(stage: RunningStage) -> None:
    """What Azure does to its customers and nobody can ask it for; the status of the service says so."""
    assert stage.ask("PUT", "/faults/identity/authority", {"unavailable": True})[0] == 200
    assert stage.status()["identity"]["faults"]["unavailable"]
    assert stage.ask("PUT", "/faults/identity/authority", {})[0] == 200
    assert not stage.status()["identity"]["faults"]["unavailable"]


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        ("identity/authority", {"gon": True}, "gon"),
        ("servicebus/sb-xxx", {}, "sb-xxx"),
        ("servicebus/sb-weu", {"slow_s": "long"}, "slow_s"),
        ("storage/nobody", {"gone": True}, "nobody"),
        ("kubernetes/eastus", {}, "eastus"),
        ("kubernetes/westeurope", {"paused": ["nobody"]}, "nobody"),
        ("sql/dbx", {}, "dbx"),
        ("sql/dbp", {"gone": True}, "gone"),
        ("compute/dbp", {}, "compute"),
        ("identity/authority", [1], "faults"),
    ],
)
def test_a_fault_that_nobody_has_is_refused_by_name(stage: RunningStage, path: str, body: object, what: str) -> None:
    """With what is accepted instead."""
    code, said = stage.ask("PUT", f"/faults/{path}", body)
    assert code == 400
    assert what in said["error"]["what"]
    assert said["error"]["next"]


def test_names_lead_where_clients_arrive(stage: RunningStage) -> None:
    """The target is the server's name, as a CNAME would be; other names are unknown."""
    code, body = stage.ask("GET", "/names/DBGRP.database.windows.net")
    assert (code, set(body)) == (200, {"name", "target", "ttl"})
    assert body["target"] in {"dbp.database.windows.net", "dbfop.database.windows.net"}
    assert stage.ask("GET", "/names/example.com")[0] == 404


def test_events_are_read_in_order_and_from_where_one_stopped(stage: RunningStage) -> None:
    """`next` is what to ask with next time."""
    body = stage.ask("GET", "/events")[1]
    numbers = [event["n"] for event in body["events"]]
    assert numbers == sorted(numbers)
    assert body["next"] == numbers[-1]
    assert [event["n"] for event in stage.ask("GET", f"/events?after={numbers[-3]}")[1]["events"]][:2] == numbers[-2:]
    assert stage.ask("GET", "/events?after=x")[0] == 400


def test_how_long_the_start_took_is_in_the_log(stage: RunningStage) -> None:
    """By part."""
    (ready,) = stage.events("stage.ready")
    assert set(ready["data"]["took_s"]) >= {"sql", "servicebus", "storage", "init", "workloads", "all"}


def test_no_secret_is_logged(stage: RunningStage) -> None:
    """Neither the application's secrets nor the database's password."""
    status = stage.status()
    log = (stage.folder / "stage.log").read_text()
    password = status["sql"]["read_write"].split(":")[2].split("@")[0]
    assert not [
        secret for secret in (status["client_secret"], status["reader"]["client_secret"], password) if secret in log
    ]


def test_what_a_workload_is_told(stage: RunningStage) -> None:
    """The listeners' addresses, its place, its own settings; and both regions serve."""
    status = stage.status()
    told = [ask(status["bank"], "GET", "/")[1] for _ in range(8)]
    assert {each["INSTANCE"] for each in told} == set(stage.pods())
    assert {each["REGION"] for each in told} == {"westeurope", "northeurope"}
    assert {(each["SQL_READ_WRITE"], each["SQL_READ_ONLY"]) for each in told} == {
        (status["sql"]["read_write"], status["sql"]["read_only"])
    }
    assert {each["GREETING"] for each in told} == {CONFIG["workloads"][0]["env"]["GREETING"]}
