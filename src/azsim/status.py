"""What the stage says of itself: the JSON of `firedrill stage status --json`, which other programs are promised."""

import os
from typing import Any

from azsim.addresses import Addresses
from azsim.estate import Estate
from azsim.settings import StageConfig


def describe(config: StageConfig, estate: Estate, addresses: Addresses) -> dict[str, Any]:
    """The promised keys first, then what only the stage's own programs read."""
    directory, world = estate.identity.directory, estate.world
    promised = {
        "running": True,
        "profile": estate.profile,
        "subscription": world.subscription,
        "resource_group": world.resource_group,
        "tenant": directory.tenant,
        "client_id": directory.drill.client_id,
        "client_secret": directory.drill.secret,
        "arm": addresses.url("arm"),
        "authority": directory.authority,  # its socket is not always there
        "ca": str(estate.ground.ca),
        "bank": addresses.url("bank"),
        **estate.status(),
    }
    own = {
        "control": addresses.url("control"),
        "pid": os.getpid(),
        "seed": config.seed,
        "kubeconfig": str(estate.kubernetes.kubeconfig),
        "keys": str(estate.ground.keys),
        "reader": {"client_id": directory.reader.client_id, "client_secret": directory.reader.secret},
        "identity": estate.identity.status(),
        "faults": {name: service.wrong() for name, service in estate.troubled().items()},
        "processes": estate.processes(),
    }
    return {**promised, **own}
