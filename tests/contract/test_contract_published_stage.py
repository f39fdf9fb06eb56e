"""What the stage answers, against Microsoft's published examples: status, headers, names, forms and words of each property.

What it does not say is listed here, operation by operation: nobody may rely on it, and the list cannot grow unseen.
"""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import requests
from contract.arm_stand import ArmStand, arm_stand
from contract.bus_arm import QUICK
from contract.paper_group import PaperGroup
from contract.published_facts import Operation, differences, fill, load

from azsim.compute.service import Compute
from azsim.servicebus.service import ServiceBus
from azsim.storage.service import Storage
from tests.unit.azsim.few_machines import FewMachines

PUBLISHED = load()
NAMES = {
    "resourceGroupName": "gasbank",
    "failoverGroupName": "dbgrp",
    "databaseName": "gasbank",
    "linkId": "4891ca10-ebd0-47d7-9182-c722651780fb",
    "accountName": "gasbankweu",
    "namespaceName": "sb-weu",
    "queueName": "confirmations",
    "alias": "sb-gasbank",
    "vmScaleSetName": "aks-system-weu-vmss",
    "instanceId": "0",
    "vmName": "aks-system-weu-vmss000000",
}
NOT_THERE = {"ReplicationLinks_Failover", "ReplicationLinks_FailoverAllowDataLoss"}
REFUSED = {"Queues_CreateOrUpdate"}  # the example's queue is partitioned, and the stage has no such thing
ENTITY = {
    "properties.accessedAt",
    "properties.createdAt",
    "properties.updatedAt",
    "properties.maxMessageSizeInKilobytes",
}
# The service answers in the plural; the examples are older.
NETWORK = {"type: Microsoft.ServiceBus/Namespaces/NetworkRuleSets, not Microsoft.ServiceBus/Namespaces/NetworkRuleSet"}
# The alias: as above; and the partner by its ARM id, where the example has the name alone.
PAIR = {
    "properties.partnerNamespace: id, not text",
    "type: Microsoft.ServiceBus/Namespaces/DisasterRecoveryConfigs, "
    "not Microsoft.ServiceBus/Namespaces/DisasterRecoveryConfig",
}
ACCOUNT = {"properties.keyCreationTime"}
LACKS = {
    "StorageAccounts_GetProperties": ACCOUNT
    | {"properties.isSkuConversionBlocked", "properties.accountMigrationInProgress"},
    "StorageAccounts_Update": ACCOUNT,
    "Queues_Get": ENTITY,
    "Namespaces_Update": {"properties.updatedAt", "properties.platformCapabilities", "tags.tag3"},
    "Namespaces_GetNetworkRuleSet": NETWORK,
    "Namespaces_CreateOrUpdateNetworkRuleSet": NETWORK,
    "DisasterRecoveryConfigs_Get": PAIR,
}
OTHERS = {"StorageAccounts_Failover_planned": {"accountName": "gasbankneu"}}  # the first is busy by then
APART = {"DisasterRecoveryConfigs_BreakPairing", "DisasterRecoveryConfigs_FailOver"}  # each takes the pair away
WITHIN_S = 10.0


class Asker:
    """Sends published requests to the stage, with its own names in them."""

    def __init__(self, stand: ArmStand) -> None:
        self._stand = stand
        self._session = requests.Session()
        self._session.trust_env, self._session.verify = False, stand.ca  # else REQUESTS_CA_BUNDLE is put before it
        token = stand.credential().get_token("https://management.azure.com/.default").token
        self._session.headers["Authorization"] = f"Bearer {token}"

    @property
    def names(self) -> dict[str, str]:
        """A failover is asked of the server that is secondary then."""
        group: Any = self._stand.services[0]
        here = {"serverName": group.secondary, "partner": group.primary, "self": "/subscriptions/0"}
        return {**NAMES, **here, "subscriptionId": self._stand.world.subscription}

    def until_synced(self, account: str) -> None:
        """The stage leaves a Last Sync Time out while nobody knows it."""
        deadline = time.monotonic() + WITHIN_S
        one = PUBLISHED["StorageAccounts_GetProperties"]
        while "lastSyncTime" not in self.ask(one.operation, one.sent, accountName=account).text:
            assert time.monotonic() < deadline, f"no copy of {account} within {WITHIN_S} s"
            time.sleep(0.02)

    def ask(self, operation: Operation, version: str, **others: str) -> requests.Response:
        url = self._stand.arm + fill(operation.path, {**self.names, **others})
        query = {**operation.query, "api-version": version}
        body = fill(operation.body, self.names) or None
        return self._session.request(operation.method, url, params=query, json=body, timeout=WITHIN_S)

    def follow(self, answer: requests.Response) -> requests.Response:
        """What `Location` answers in the end."""
        deadline = time.monotonic() + WITHIN_S
        place = answer.headers["Location"]
        while (found := self._session.get(place, timeout=WITHIN_S)).status_code == 202:
            assert time.monotonic() < deadline, f"not over within {WITHIN_S} s"
            time.sleep(0.02)
        return found


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    machines = FewMachines()
    factories = (
        PaperGroup,
        Storage,
        partial(ServiceBus, queues=["confirmations"], profiles={"brisk": QUICK}),
        lambda ground: Compute(ground, machines),
    )
    with arm_stand(tmp_path_factory.mktemp("published-stage"), *factories) as stand:
        asker = Asker(stand)
        for account in ("gasbankweu", "gasbankneu"):
            asker.until_synced(account)
        yield asker


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name not in NOT_THERE | REFUSED | APART])
def test_the_stage_answers_as_published(name: str, asker: Asker) -> None:
    """The example's status and headers; each of its properties, in its form and with its words, but for those listed."""
    published = PUBLISHED[name]
    operation, asked_of = published.operation, asker.names
    answer = asker.ask(operation, published.sent, **OTHERS.get(name, {}))
    if operation.accepted:
        assert (answer.status_code, set(operation.accepted) - set(answer.headers)) == (202, set())
        if operation.answer is None:
            return
        answer = asker.follow(answer)
    assert answer.status_code == 200, answer.text
    if operation.answer is not None:
        lacks = set(differences(fill(operation.answer, asked_of), answer.json(), published.words))
        assert lacks == LACKS.get(name, set())


@pytest.mark.parametrize("name", sorted(NOT_THERE | REFUSED))
def test_what_the_stage_does_not_do_it_refuses_loudly(name: str, asker: Asker) -> None:
    """501 with a code of its own, never an answer that reads as done."""
    answer = asker.ask(PUBLISHED[name].operation, PUBLISHED[name].sent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplementedOnStage")


def test_a_pair_is_broken_and_failed_over_as_published(asker: Asker) -> None:
    """Both are done when they are answered, with nothing in the answer. Between them the two are paired again."""
    cut, leave = (PUBLISHED[f"DisasterRecoveryConfigs_{action}"] for action in ("BreakPairing", "FailOver"))
    alias = PUBLISHED["DisasterRecoveryConfigs_Get"].operation.path
    partner = f"{alias.partition('/namespaces/')[0]}/namespaces/sb-neu"
    pair = Operation(example="", ask=f"PUT {alias}", body={"properties": {"partnerNamespace": partner}})
    answers = [asker.ask(cut.operation, cut.sent), asker.ask(pair, cut.sent)]
    answers.append(asker.ask(leave.operation, leave.sent, namespaceName="sb-neu"))
    assert [each.status_code for each in answers] == [200, 200, 200]
    assert [answers[0].content, answers[2].content] == [b"", b""]


def test_a_missing_property_another_form_and_an_unknown_word_are_seen() -> None:
    """The comparison itself: what is there beside the published is no difference."""
    published = {
        "role": "Primary",
        "at": "2018-10-30T00:25:34Z",
        "held": "PT1M",
        "list": [{"id": "/subscriptions/0"}],
        "n": 1,
    }
    staged = {"role": "primary", "at": "yesterday", "held": "PT2H", "list": [{"id": "/subscriptions/1"}, {}], "more": 2}
    assert set(differences(published, staged, {"role": ["Primary"]})) == {
        "role: primary is none of Primary",
        "at: text, not time",
        "list[].id",
        "n",
    }
    assert not set(differences(published, {**published, "more": 2}, {"role": ["Primary"]}))
