"""Microsoft.Sql as the official client reads it. Nothing here changes the stage."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from contract.running_stage import RunningStage

pytestmark = pytest.mark.e2e


def test_servers_are_listed_in_the_group_and_in_the_subscription(sql: Any) -> None:
    """Both lists hold both servers, with their regions and names."""
    in_group = {server.name: server for server in sql.servers.list_by_resource_group("gasbank")}
    assert {name: server.location for name, server in in_group.items()} == {"dbp": "westeurope", "dbfop": "northeurope"}
    assert [server.id for server in sql.servers.list()] == [server.id for server in in_group.values()]
    assert in_group["dbp"].properties.fully_qualified_domain_name == "dbp.database.windows.net"


def test_a_server_is_found_whatever_the_case(sql: Any) -> None:
    """Azure's names and paths have no case; the answer carries the real name."""
    assert sql.servers.get("GasBank", "DBP").name == "dbp"


def test_the_database_belongs_to_the_failover_group(sql: Any) -> None:
    """Get and list agree, on both servers."""
    for server in ("dbp", "dbfop"):
        (listed,) = sql.databases.list_by_server("gasbank", server)
        assert sql.databases.get("gasbank", server, "gasbank").id == listed.id
        assert listed.properties.failover_group_id.endswith(f"/servers/{server}/failoverGroups/dbgrp")
        assert listed.properties.status == "Online"


def test_the_failover_group_is_seen_from_both_sides(stage: RunningStage, sql: Any) -> None:
    """Each server tells its own role and names the other as its partner."""
    roles = {name: server["role"] for name, server in stage.status()["sql"]["servers"].items()}
    for server, partner in (("dbp", "dbfop"), ("dbfop", "dbp")):
        group = sql.failover_groups.get("gasbank", server, "dbgrp").properties
        assert (group.replication_role, group.replication_state) == (roles[server], "CATCH_UP")
        (other,) = group.partner_servers
        assert (other.id.rsplit("/", 1)[-1], other.replication_role) == (partner, roles[partner])
        assert group.read_write_endpoint.failover_policy == "Automatic"
        assert group.read_write_endpoint.failover_with_data_loss_grace_period_minutes == 60
        assert group.databases[0].endswith(f"/servers/{server}/databases/gasbank")
        assert [each.name for each in sql.failover_groups.list_by_server("gasbank", server)] == ["dbgrp"]


def test_the_replication_link_has_one_name_and_two_sides(stage: RunningStage, sql: Any) -> None:
    """Roles are mirrored, the mode is asynchronous and the link is complete."""
    (near,) = sql.replication_links.list_by_database("gasbank", "dbp", "gasbank")
    (far,) = sql.replication_links.list_by_server("gasbank", "dbfop")
    assert near.name == far.name
    assert (near.properties.role, near.properties.partner_role) == (far.properties.partner_role, far.properties.role)
    assert (near.properties.replication_mode, near.properties.link_type) == ("ASYNC", "GEO")
    assert (near.properties.replication_state, near.properties.percent_complete) == ("CATCH_UP", 100)
    assert near.properties.start_time.tzinfo is not None
    assert sql.replication_links.get("gasbank", "dbp", "gasbank", near.name).id == near.id


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda sql: sql.servers.get("gasbank", "nobody"), "ResourceNotFound"),
        (lambda sql: sql.servers.get("nowhere", "dbp"), "ResourceGroupNotFound"),
        (lambda sql: sql.databases.get("gasbank", "dbp", "other"), "ResourceNotFound"),
        (lambda sql: sql.failover_groups.get("gasbank", "dbp", "other"), "ResourceNotFound"),
        (lambda sql: sql.failover_groups.get("gasbank", "nobody", "dbgrp"), "ParentResourceNotFound"),
        (lambda sql: sql.replication_links.get("gasbank", "dbp", "gasbank", "other"), "ResourceNotFound"),
    ],
)
def test_what_is_not_there_is_not_found(sql: Any, ask: Any, code: str) -> None:
    """404 with Azure's code, as the exception that the SDK has for it."""
    with pytest.raises(ResourceNotFoundError) as caught:
        ask(sql)
    assert caught.value.error.code == code


def test_an_operation_that_the_stage_does_not_know_is_loud(stage: RunningStage, sql: Any) -> None:
    """501 that names method and path, and a line in the stage's log: no drill may pass on it."""
    with pytest.raises(HttpResponseError) as caught:
        sql.firewall_rules.get("gasbank", "dbp", "office")
    assert (caught.value.status_code, caught.value.error.code) == (501, "NotImplementedOnStage")
    assert "GET" in caught.value.message
    assert "/firewallRules/office" in caught.value.message
    assert any("firewallRules/office" in event["data"]["path"] for event in stage.events("arm.refused"))
