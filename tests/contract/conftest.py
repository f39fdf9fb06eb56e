"""One stage for all contract tests: starting one takes seconds. Tests leave it redundant again."""

from collections.abc import Iterator
from typing import Any

import pytest
from contract.kubernetes_process import KubernetesProcess, deployment, namespace
from contract.running_stage import CONFIG, RunningStage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStage]:
    """A running stage with two copies per region of the echo workload."""
    running = RunningStage(tmp_path_factory.mktemp("contract") / "stage", CONFIG)
    assert running.first_line.get("ready"), running.first_line
    yield running
    running.end()


@pytest.fixture(scope="session")
def credential(stage: RunningStage) -> Any:
    """The drill's own application."""
    return credential_of(stage, stage.status()["client_id"], stage.status()["client_secret"])


def credential_of(stage: RunningStage, client_id: str, secret: str) -> Any:
    from azure.identity import ClientSecretCredential

    status = stage.status()
    return ClientSecretCredential(
        status["tenant"],
        client_id,
        secret,
        authority=status["authority"],
        disable_instance_discovery=True,
        connection_verify=status["ca"],
    )


def client_of(stage: RunningStage, credential: Any) -> Any:
    from azure.mgmt.sql import SqlManagementClient

    status = stage.status()
    return SqlManagementClient(
        credential,
        status["subscription"],
        base_url=status["arm"],
        credential_scopes=["https://management.azure.com/.default"],
        connection_verify=status["ca"],
        polling_interval=0.1,
    )


@pytest.fixture(scope="session")
def sql(stage: RunningStage, credential: Any) -> Any:
    """azure-mgmt-sql, pointed at the stage and otherwise as it comes."""
    return client_of(stage, credential)


@pytest.fixture(scope="session")
def reader(stage: RunningStage) -> Any:
    """The same for the application that may only read."""
    ids = stage.status()["reader"]
    return client_of(stage, credential_of(stage, ids["client_id"], ids["client_secret"]))


@pytest.fixture(scope="session")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesProcess]:
    """Both clusters in a process of their own; each test works in a namespace of its own."""
    process = KubernetesProcess(tmp_path_factory.mktemp("kubernetes"))
    yield process
    assert process.end() < 5


@pytest.fixture(scope="module")
def ready(kubernetes: KubernetesProcess, request: pytest.FixtureRequest) -> KubernetesProcess:
    """With the deployment `web` in the namespace `NS` of the test's file, and all its pods ready."""
    name = request.module.NS
    assert "error" not in kubernetes.apply(namespace(name), deployment("web", name))
    kubernetes.must("wait_ready", within_s=30)
    return kubernetes
