"""Which failovers the control plane refuses, as a function of how the account stands."""

import pytest

from azsim.storage.models import replication_stats
from azsim.storage.refusals import Redundancy, Refused, refuse_failover
from azsim.storage.timings import PROFILES, Draws

NOW = 10_000_000_000_000
WELL = Redundancy(
    account="a",
    sku="Standard_RAGRS",
    is_live=True,
    secondary_is_up=True,
    primary_is_up=True,
    is_busy=False,
    synced=NOW - 1_000_000,
)
HALF_AN_HOUR = 30 * 60 * 1_000_000
BOTH = {"planned", "forced"}


@pytest.mark.parametrize(
    ("change", "refused", "code"),
    [
        ({}, set(), ""),
        ({"is_busy": True}, BOTH, "StorageAccountOperationInProgress"),
        ({"sku": "Standard_LRS", "synced": None}, BOTH, "StorageAccountNotGeoRedundant"),
        ({"is_live": False, "synced": None}, BOTH, "LastSyncTimeUnavailable"),
        ({"synced": None}, BOTH, "LastSyncTimeUnavailable"),
        ({"secondary_is_up": False}, BOTH, "SecondaryUnavailable"),
        ({"primary_is_up": False}, {"planned"}, "PlannedFailoverNotAvailable"),
        ({"synced": NOW - HALF_AN_HOUR}, {"planned"}, "PlannedFailoverNotAvailable"),
        ({"synced": NOW - HALF_AN_HOUR + 1}, set(), ""),
    ],
)
def test_what_is_refused(change: dict[str, object], refused: set[str], code: str) -> None:
    """Forced is for a primary that is gone; planned needs both sides and a fresh copy; the stats say the same."""
    now = WELL._replace(**change)  # type: ignore[arg-type]
    stats = replication_stats(now, NOW)
    assert (stats["canFailover"], stats["canPlannedFailover"]) == ("forced" not in refused, "planned" not in refused)
    for kind in ("planned", "forced"):
        if kind not in refused:
            refuse_failover(now, kind, NOW)  # type: ignore[arg-type]
            continue
        with pytest.raises(Refused) as error:
            refuse_failover(now, kind, NOW)  # type: ignore[arg-type]
        assert (error.value.status, error.value.code) == (409, code)


def test_the_status_of_the_secondary() -> None:
    """Bootstrap while it comes into being, Unavailable when it does not answer, with no time that nobody knows."""
    assert replication_stats(WELL, NOW)["status"] == "Live"
    assert "lastSyncTime" in replication_stats(WELL, NOW)
    unborn = replication_stats(WELL._replace(is_live=False, synced=None), NOW)
    assert unborn["status"] == "Bootstrap"
    assert "lastSyncTime" not in unborn
    assert replication_stats(WELL._replace(secondary_is_up=False), NOW)["status"] == "Unavailable"


@pytest.mark.parametrize("profile", PROFILES)
def test_durations_repeat_with_the_seed_and_stay_in_bounds(profile: str) -> None:
    """The same stage takes the same times, whichever kind is drawn first; no draw is far from its median."""
    first, second = Draws(lambda: profile, 7, "a"), Draws(lambda: profile, 7, "a")
    planned = [first.planned_s() for _ in range(50)]
    forced = [first.forced_s() for _ in range(50)]
    assert [second.forced_s() for _ in range(50)] == forced
    assert [second.planned_s() for _ in range(50)] == planned
    timings = PROFILES[profile]
    assert all(timings.forced_median_s / 3 <= each <= timings.forced_median_s * 3 for each in forced)
    assert all(0 <= first.begin_s() <= timings.begin_s for _ in range(50))
