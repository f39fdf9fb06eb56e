"""Compute as the stage holds it: the switches of the machines under Kubernetes, as ARM and Resource Graph show them."""

from typing import Any

from azsim import clock
from azsim.arm.requests import Routes
from azsim.compute.graph import Graph
from azsim.compute.machines import Fleet, Machines
from azsim.compute.models import ComputeModels, scale_sets
from azsim.compute.power import Power
from azsim.compute.routes import ComputeRoutes
from azsim.compute.timings import PROFILES
from azsim.ground import Ground


class Compute:
    """`machines` has them; this only switches them and tells."""

    def __init__(self, ground: Ground, machines: Machines) -> None:
        world = ground.world
        self._fleet = Fleet(machines)
        self.power = Power(self._fleet, lambda: PROFILES[ground.profile()])
        self._models = ComputeModels(world.group_id, world.resource_group, clock.utc())
        self._routes = ComputeRoutes(world, self._fleet, self.power, self._models, ground.operations)
        self._graph = Graph(world, self._resources, ground.seed)

    async def start(self) -> None:
        """Nothing of its own runs."""

    def add_to(self, routes: Routes) -> None:
        self._routes.add_to(routes)
        self._graph.add_to(routes)

    def _resources(self) -> list[dict[str, Any]]:
        """What Resource Graph holds."""
        every = self._fleet.machines()
        sets = scale_sets(every)
        return [
            *(self._models.machine(each) for each in every),
            *(self._models.scale_set(each) for each in sets),
            *(self._models.cluster(each) for each in sets),
        ]

    def status(self) -> dict[str, Any]:
        """Each machine with its zone and power state, by scale set."""
        return {
            each.name: {
                machine.name: {"zone": machine.zone, "power": self.power.state(machine.name)}
                for machine in each.machines
            }
            for each in scale_sets(self._fleet.machines())
        }

    def processes(self) -> dict[str, dict[str, Any]]:
        """None: what runs on a machine belongs to Kubernetes."""
        return {}

    async def stop(self) -> None:
        """Nothing of its own runs; what is under way ends with the operations."""
