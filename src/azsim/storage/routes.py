"""Microsoft.Storage's paths: accounts, keys, soft delete, redundancy and the failover.

What is asked while a failover runs is refused as Azure refuses it; reading goes on.
"""

import base64
import secrets
from typing import Any, NamedTuple, Protocol

from azsim.arm.operations import Operations
from azsim.arm.requests import Answer, ArmRequest, Routes, same
from azsim.arm.routes import World, listing
from azsim.errors import ArmError
from azsim.services import ServiceGone, ServiceRefused
from azsim.storage.account import GRS, LRS, RAGRS, Account, Kind
from azsim.storage.models import AccountView, StorageModels, network_of, replication_stats
from azsim.storage.refusals import Refused, refuse_busy

IN_SUBSCRIPTION = "/subscriptions/{subscription}/providers/Microsoft.Storage"
IN_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage"
ACCOUNT = f"{IN_GROUP}/storageAccounts/{{account}}"
OPERATIONS = f"{IN_SUBSCRIPTION}/locations/{{location}}/storageAccounts"
SKUS = (LRS, GRS, RAGRS)


class Accounts(Protocol):
    """What the routes need of the service."""

    accounts: dict[str, Account]

    def view(self, account: Account) -> AccountView: ...
    async def set_keys(self, account: Account, keys: tuple[str, str]) -> None: ...
    def now(self) -> int: ...


class StorageRoutes(NamedTuple):
    """`storage` holds the accounts."""

    world: World
    storage: Accounts
    models: StorageModels
    operations: Operations

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", f"{IN_SUBSCRIPTION}/storageAccounts", self.list_all)
        routes.add("GET", f"{IN_GROUP}/storageAccounts", self.list_group)
        routes.add("GET", ACCOUNT, self.get)
        routes.add("PATCH", ACCOUNT, self.update)
        routes.add("POST", f"{ACCOUNT}/listKeys", self.list_keys)
        routes.add("POST", f"{ACCOUNT}/regenerateKey", self.regenerate_key)
        routes.add("GET", f"{ACCOUNT}/blobServices/default", self.get_blob_service)
        routes.add("PUT", f"{ACCOUNT}/blobServices/default", self.put_blob_service)
        routes.add("POST", f"{ACCOUNT}/failover", self.fail_over)
        self.operations.add_routes(routes, OPERATIONS)

    def list_all(self, request: ArmRequest) -> Answer:
        self.world.check_subscription(request)
        return Answer(200, listing([self._describe(account) for account in self.storage.accounts.values()]))

    def list_group(self, request: ArmRequest) -> Answer:
        self.world.check_group(request)
        return self.list_all(request)

    def get(self, request: ArmRequest) -> Answer:
        account = self._find(request)
        expand = request.query.get("$expand", "")
        if not expand:
            return Answer(200, self._describe(account))
        if not same(expand, "geoReplicationStats"):
            raise ArmError(501, "NotImplementedOnStage", f"the rehearsal stage does not expand {expand}")
        if account.sku == LRS:
            message = f"AccountType {LRS} is invalid. For account {account.name} geo-replication statistics need geo-redundancy."
            raise ArmError(400, "InvalidAccountType", message)
        stats = replication_stats(account.redundancy(), self.storage.now())
        return Answer(200, self.models.account(self.storage.view(account), stats))

    async def update(self, request: ArmRequest) -> Answer:
        """The redundancy, who may connect, and nothing else."""
        account = self._changing(request)
        if unknown := unknown_changes(request.body, self._describe(account)):
            message = f"the rehearsal stage cannot change {', '.join(sorted(unknown))}"
            raise ArmError(501, "NotImplementedOnStage", message)
        network = network_of(request.body.get("properties") or {}, account.network)
        if "sku" in request.body:
            await set_sku(account, (request.body["sku"] or {}).get("name", account.sku))
        if network != account.network:
            await account.set_network(network)
        return Answer(200, self._describe(account))

    def list_keys(self, request: ArmRequest) -> Answer:
        return Answer(200, self.models.keys(self.storage.view(self._changing(request))))

    async def regenerate_key(self, request: ArmRequest) -> Answer:
        account = self._changing(request)
        name = str(request.body.get("keyName", "")).lower()
        if name not in ("key1", "key2"):
            raise ArmError(400, "InvalidValuesForRequestParameters", f"keyName must be key1 or key2, not {name!r}.")
        first, second = self.storage.view(account).keys
        new = new_key()
        await self.storage.set_keys(account, (new, second) if name == "key1" else (first, new))
        return Answer(200, self.models.keys(self.storage.view(account)))

    async def get_blob_service(self, request: ArmRequest) -> Answer:
        account = self._find(request)
        state = await asked(account, "GET", "/state")
        return Answer(200, self.models.blob_service(self.storage.view(account), state["retention"]))

    async def put_blob_service(self, request: ArmRequest) -> Answer:
        """Soft delete of blobs; everything else that would be switched on is refused."""
        account = self._changing(request)
        properties = request.body.get("properties") or {}
        for name, value in properties.items():
            off = not value or (isinstance(value, dict) and not value.get("enabled") and not value.get("corsRules"))
            if name not in ("deleteRetentionPolicy", "defaultServiceVersion") and not off:
                raise ArmError(501, "NotImplementedOnStage", f"the rehearsal stage does not implement {name}")
        policy = properties.get("deleteRetentionPolicy")
        if policy is not None:
            wanted = {"enabled": bool(policy.get("enabled")), "days": int(policy.get("days") or 0)}
            await asked(account, "PUT", "/retention", wanted)
        return await self.get_blob_service(request)

    def fail_over(self, request: ArmRequest) -> Answer:
        account = self._find(request)
        before = self.operations.already(request)
        if before is not None:
            return before
        try:
            task = account.begin(failover_kind(request), self.storage.now())
        except Refused as refused:
            raise ArmError(refused.status, refused.code, refused.message) from refused
        place = OPERATIONS.format(subscription=self.world.subscription, location=account.home)
        return self.operations.start(request, place, task, lambda: self._describe(account))

    def _describe(self, account: Account) -> dict[str, Any]:
        return self.models.account(self.storage.view(account))

    def _find(self, request: ArmRequest) -> Account:
        self.world.check_group(request)
        name = request.parameters["account"]
        account = self.storage.accounts.get(name.lower())
        if account is None:
            group = request.parameters["group"]
            message = (
                f"The Resource 'Microsoft.Storage/storageAccounts/{name}' under resource group '{group}' was not found."
            )
            raise ArmError(404, "ResourceNotFound", message)
        return account

    def _changing(self, request: ArmRequest) -> Account:
        """The account of a request that Azure refuses while a failover runs."""
        account = self._find(request)
        try:
            refuse_busy(account.redundancy())
        except Refused as refused:
            raise ArmError(refused.status, refused.code, refused.message) from refused
        return account


async def set_sku(account: Account, sku: Any) -> None:
    known = next((each for each in SKUS if same(each, str(sku))), None)
    if known is None:
        raise ArmError(400, "InvalidRequestPropertyValue", f"sku.name must be one of {', '.join(SKUS)}, not {sku!r}.")
    if not account.is_live:
        message = f"The storage account {account.name} is being converted; wait until its secondary is Live."
        raise ArmError(409, "StorageAccountOperationInProgress", message)
    await account.set_sku(known)


def unknown_changes(wanted: dict[str, Any], present: dict[str, Any]) -> set[str]:
    """What a PATCH would change that cannot be changed here."""
    said, now = wanted.get("properties") or {}, present["properties"]
    rules = changes(said.get("networkAcls") or {}, now["networkAcls"]) - {"defaultAction", "ipRules"}
    return (
        (changes(wanted, present) - {"sku", "properties"})
        | (changes(said, now) - {"publicNetworkAccess", "networkAcls"})
        | rules
    )


def changes(wanted: dict[str, Any], present: dict[str, Any]) -> set[str]:
    """The keys of a PATCH that would change something: az sends much back as it found it."""
    found = set()
    for name, value in wanted.items():
        now = present.get(name)
        if isinstance(value, dict) and isinstance(now, dict):
            found |= {name} if changes(value, now) else set()
        elif value and value != now:
            found.add(name)
    return found


def failover_kind(request: ArmRequest) -> Kind:
    """Without a word it is forced: the SDK says Planned by default."""
    said = request.query.get("failoverType", "")
    if same(said, "Planned"):
        return "planned"
    if said == "" or same(said, "Unplanned"):
        return "forced"
    raise ArmError(400, "InvalidQueryParameterValue", f"failoverType must be Planned or Unplanned, not {said!r}.")


async def asked(account: Account, method: str, path: str, body: Any = None) -> Any:
    """What the account's primary answers; ArmError when it does not, or says no."""
    try:
        return await account.primary.service.ask(method, path, body)
    except ServiceGone as gone:
        raise ArmError(503, "ServerBusy", f"The blob service of {account.name} does not answer: {gone}") from gone
    except ServiceRefused as refused:
        raise ArmError(refused.status, refused.code, refused.message) from refused


def new_key() -> str:
    """Sixty-four random bytes in Base64, as Azure's keys are."""
    return base64.b64encode(secrets.token_bytes(64)).decode()
