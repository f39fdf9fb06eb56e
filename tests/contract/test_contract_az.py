"""The Azure CLI from PyPI, as the stage's service principal: what an operator types on a bad day."""

import pytest
from contract.az_cli import AZ, Az
from contract.running_stage import RunningStage

pytestmark = pytest.mark.skipif(not AZ.exists(), reason="no Azure CLI in .venv-az: make .venv-az/ready")
GROUP = ["-g", "gasbank"]


@pytest.fixture(scope="module")
def az(stage: RunningStage, tmp_path_factory: pytest.TempPathFactory) -> Az:
    return Az(stage, tmp_path_factory.mktemp("az"))


def test_az_signs_in_as_a_service_principal(az: Az, stage: RunningStage) -> None:
    """The one subscription of the stage, and who we are."""
    [account] = az.accounts
    said = stage.status()
    assert (account["id"], account["tenantId"]) == (said["subscription"], said["tenant"])
    assert account["user"] == {"name": said["client_id"], "type": "servicePrincipal"}


def test_az_fails_a_failover_group_over(az: Az, stage: RunningStage) -> None:
    """`set-primary` waits for the end; the roles are swapped. The stage is left redundant."""
    target = stage.secondary()
    done = az("sql", "failover-group", "set-primary", *GROUP, "-s", target, "-n", "dbgrp")
    assert done["replicationRole"] == "Primary"
    assert stage.status()["sql"]["servers"][target]["role"] == "Primary"
    stage.until_redundant()


def test_az_refuses_what_is_not_there(az: Az) -> None:
    """Azure's own code and sentence reach the operator."""
    done = az.run("sql", "failover-group", "show", *GROUP, "-s", "dbx", "-n", "dbgrp")
    assert done.returncode != 0
    assert "dbx" in done.stderr


def test_az_disables_a_queue_and_enables_it_again(az: Az) -> None:
    """The state that senders then meet is what the namespace says."""
    where = [*GROUP, "--namespace-name", "sb-weu", "-n", "az"]
    assert az("servicebus", "queue", "create", *where)["status"] == "Active"
    assert az("servicebus", "queue", "update", *where, "--status", "SendDisabled")["status"] == "SendDisabled"
    assert az("servicebus", "queue", "show", *where)["status"] == "SendDisabled"
    assert az("servicebus", "queue", "update", *where, "--status", "Active")["status"] == "Active"
    az("servicebus", "queue", "delete", *where)


def test_az_fails_a_storage_account_over_and_makes_it_redundant_again(az: Az) -> None:
    """Forced: the account is LRS afterwards, and geo-redundant again only when somebody asks for it."""
    where = [*GROUP, "-n", "gasbankneu"]
    before = az("storage", "account", "show", *where, "--expand", "geoReplicationStats")
    assert (before["sku"]["name"], before["geoReplicationStats"]["canFailover"]) == ("Standard_RAGRS", True)
    az("storage", "account", "failover", *where, "--yes", "--failover-type", "Unplanned")
    after = az("storage", "account", "show", *where)
    assert after["sku"]["name"] == "Standard_LRS"
    assert after["primaryLocation"] != before["primaryLocation"]
    assert az("storage", "account", "update", *where, "--sku", "Standard_RAGRS")["sku"]["name"] == "Standard_RAGRS"


def test_az_restarts_one_machine_of_the_scale_set(az: Az) -> None:
    """One instance is deallocated and started; its neighbours stay as they are."""
    where = [*GROUP, "-n", "aks-system-neu-vmss", "--instance-ids", "2"]
    az("vmss", "deallocate", *where)
    assert "PowerState/deallocated" in power(az)
    az("vmss", "start", *where)
    assert "PowerState/running" in power(az)


def power(az: Az) -> list[str]:
    """The power state of instance 2."""
    one = az("vmss", "get-instance-view", *GROUP, "-n", "aks-system-neu-vmss", "--instance-id", "2")
    return [status["code"] for status in one["statuses"]]


def test_az_has_a_token(az: Az) -> None:
    """What a script uses to call a service as itself."""
    assert az("account", "get-access-token", "--resource", "https://management.azure.com/")["tokenType"] == "Bearer"
