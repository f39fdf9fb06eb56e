"""What the stage says of itself: the JSON of `firedrill stage status --json`, which other programs are promised."""

import os
from typing import Any, NamedTuple

from azsim.addresses import Addresses
from azsim.arm.routes import World
from azsim.home import Home
from azsim.identity.models import Directory
from azsim.settings import StageConfig
from azsim.sql.group import FailoverGroup
from azsim.workloads import Workloads


class Facts(NamedTuple):
    """What does not change while the stage runs."""

    config: StageConfig
    home: Home
    addresses: Addresses
    directory: Directory
    world: World


def describe(facts: Facts, group: FailoverGroup, workloads: Workloads, *, mistake: str, profile: str) -> dict[str, Any]:
    """The promised keys first, then what only the stage's own programs read."""
    directory, world, addresses = facts.directory, facts.world, facts.addresses
    promised = {
        "running": True,
        "profile": profile,
        "subscription": world.subscription,
        "resource_group": world.resource_group,
        "tenant": directory.tenant,
        "client_id": directory.drill.client_id,
        "client_secret": directory.drill.secret,
        "arm": addresses.url("arm"),
        "authority": addresses.url("authority"),
        "ca": str(facts.home.ca),
        "bank": addresses.url("bank"),
        "sql": describe_sql(group),
    }
    own = {
        "control": addresses.url("control"),
        "pid": os.getpid(),
        "seed": facts.config.seed,
        "mistake": mistake,
        "reader": {"client_id": directory.reader.client_id, "client_secret": directory.reader.secret},
        "workloads": describe_workloads(workloads),
    }
    return {**promised, **own}


def describe_sql(group: FailoverGroup) -> dict[str, Any]:
    servers = group.roles().values()
    return {
        "failover_group": group.settings.group,
        "lag_s": group.lag_s(),
        "read_write": group.read_write_url,
        "read_only": group.read_only_url,
        "servers": {
            each.name: {"location": each.location, "role": each.role, "state": each.state, "url": each.url}
            for each in servers
        },
    }


def describe_workloads(workloads: Workloads) -> dict[str, Any]:
    return {
        each.name: {
            "region": each.region,
            "port": each.port,
            "pid": each.pid,
            "ready": each.ready,
            "starts": each.starts,
        }
        for each in workloads.instances
    }
