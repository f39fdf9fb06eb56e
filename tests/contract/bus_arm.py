"""The stage's Service Bus with ARM before it and nothing else, on timings that do not make a test wait."""

import uuid
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from contract.arm_stand import ArmStand, arm_stand

from azsim.servicebus.service import ServiceBus
from azsim.servicebus.timings import Timings

GROUP, WEU, NEU, ALIAS = "gasbank", "sb-weu", "sb-neu", "sb-gasbank"
QUICK = Timings(lock_s=30.0, lag_s=0.5, promotion_s=(1.0, 1.0), alias_s=(0.5, 0.5), entity_s=0.01)


def bus_arm(folder: Path) -> AbstractContextManager[ArmStand]:
    """Both namespaces with a queue `confirmations`."""
    return arm_stand(folder, partial(ServiceBus, queues=["confirmations"], profiles={"brisk": QUICK}))


def new_queue(arm: Any) -> str:
    """A queue of its own, in West Europe."""
    name = f"q-{uuid.uuid4().hex[:8]}"
    arm.queues.create_or_update(GROUP, WEU, name, {"properties": {}})
    return name


def connection(bus: ServiceBus, namespace: str = WEU, key: str = "connection_string") -> str:
    return str(bus.status()[namespace][key])
