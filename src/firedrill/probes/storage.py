"""What the control plane says about a storage account: how many copies, where it is served from, how far the other copy is.

Chaos Toolkit probes (also used by the actions and the run's observer). They report, they never judge. Azure refuses the
statistics of an account that has one copy only, which is an answer too.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from firedrill.azure.clients import storage_client
from firedrill.clock import stamp, utc_now
from firedrill.model.facts import NO, REDUNDANT, YES, Fact
from firedrill.model.target import Target

__all__ = [
    "geo_status",
    "last_sync_age",
    "last_sync_time",
    "network_access",
    "primary_location",
    "redundancy_of",
    "soft_delete_days",
]

LIVE, ENABLED = "Live", "Enabled"
GEO_REDUNDANT = ("GRS", "GZRS")  # how the SKUs end that keep a copy in another region, RA- or not


class GeoState(NamedTuple):
    """`home` is the region that the account was made in, `primary` the one that it is served from.

    `status` is the other copy's: Live, Bootstrap, Unavailable, or "" when there is none. Every write before `synced` is
    in the other copy; None: the platform does not say. `network` is publicNetworkAccess.
    """

    sku: str
    home: str
    primary: str
    status: str
    synced: datetime | None
    failing_over: bool
    network: str

    @property
    def geo_redundant(self) -> bool:
        return self.sku.endswith(GEO_REDUNDANT)

    @property
    def redundant(self) -> bool:
        """There is a second copy to fail over to, now."""
        return self.geo_redundant and self.status == LIVE and not self.failing_over

    @property
    def words(self) -> str:
        busy = ", failing over" if self.failing_over else ""
        closed = "" if self.network == ENABLED else ", closed to the network"
        return f"{self.sku} in {self.primary}{f', {self.status}' if self.status else ''}{busy}{closed}"

    def lag_s(self, now: datetime) -> float | None:
        """How old the Last Sync Time is."""
        return None if self.synced is None else max(0.0, (now - self.synced).total_seconds())


def geo_state(client: Any, resource_group: str, account: str) -> GeoState:
    """One request; two for an account with one copy, whose statistics Azure refuses to give."""
    from azure.core.exceptions import HttpResponseError

    properties = client.storage_accounts.get_properties
    try:
        found = properties(resource_group, account, expand="geoReplicationStats")
    except HttpResponseError as error:
        if error.status_code not in {400, 409}:
            raise
        found = properties(resource_group, account)
    return read(found)


def read(account: Any) -> GeoState:
    stats = account.geo_replication_stats
    return GeoState(
        sku=word(account.sku.name),
        home=account.location,
        primary=account.primary_location,
        status=word(stats.status) if stats else "",
        synced=stats.last_sync_time.astimezone(UTC) if stats and stats.last_sync_time else None,
        failing_over=bool(account.failover_in_progress),
        network=word(account.public_network_access or ENABLED),
    )


def word(value: Any) -> str:
    """The SDK's enums are strings that do not print as such."""
    return str(getattr(value, "value", value))


def redundancy_of(resource_group: str, account: str) -> str:
    """The account's SKU: `Standard_RAGRS`, `Standard_LRS`, ..."""
    return geo_state(storage_client(), resource_group, account).sku


def geo_status(resource_group: str, account: str) -> str:
    """`Live` when the second copy is there and up to date; `Bootstrap`, `Unavailable`; "" for an account with one copy."""
    return geo_state(storage_client(), resource_group, account).status


def primary_location(resource_group: str, account: str) -> str:
    """The region that the account is served from: `westeurope`."""
    return geo_state(storage_client(), resource_group, account).primary


def last_sync_time(resource_group: str, account: str) -> str:
    """ISO 8601 in UTC: every write before it is in the other region. "" while the platform does not say."""
    synced = geo_state(storage_client(), resource_group, account).synced
    return stamp(synced) if synced else ""


def last_sync_age(resource_group: str, account: str) -> float | None:
    """Seconds since the Last Sync Time; None while the platform does not say."""
    return geo_state(storage_client(), resource_group, account).lag_s(utc_now())


def network_access(resource_group: str, account: str) -> str:
    """`Enabled`, or `Disabled`: clients of the public network are turned away."""
    return geo_state(storage_client(), resource_group, account).network


def soft_delete_days(resource_group: str, account: str) -> int:
    """For how many days a deleted blob can be had back; 0: not at all."""
    policy = storage_client().blob_services.get_service_properties(resource_group, account).delete_retention_policy
    return int(policy.days or 0) if policy and policy.enabled else 0


def facts(target: Target) -> list[Fact]:
    """Both accounts of the target: what they are, and whether a second failure would be survived."""
    if target.storage is None:
        return []
    client, group = storage_client(), target.azure.resource_group
    return [
        fact
        for account in (target.storage.first, target.storage.second)
        for fact in facts_of(account, geo_state(client, group, account))
    ]


def facts_of(account: str, state: GeoState) -> list[Fact]:
    serves = state.redundant and state.network == ENABLED
    return [(account, "is", state.words), (account, REDUNDANT, YES if serves else NO)]
