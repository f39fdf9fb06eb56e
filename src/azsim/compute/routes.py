"""Microsoft.Compute's paths: scale sets, their instances, the same machines one by one; and the clusters that own them.

Every change is a long-running operation over one machine or many. One that cannot be done for a machine ends as
Failed; which instances are meant is checked before anything happens.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from azsim.arm.operations import Operations
from azsim.arm.requests import Answer, ArmRequest, Handler, Routes, same
from azsim.arm.routes import World, listing
from azsim.compute.machines import Fleet, Machine
from azsim.compute.models import ComputeModels, ScaleSet, scale_sets, set_view
from azsim.compute.power import ACTIONS, Action, Power
from azsim.errors import ArmError

IN_SUBSCRIPTION = "/subscriptions/{subscription}/providers/Microsoft.Compute"
IN_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute"
SET = f"{IN_GROUP}/virtualMachineScaleSets/{{set}}"
INSTANCE = f"{SET}/virtualMachines/{{instance}}"
MACHINE = f"{IN_GROUP}/virtualMachines/{{machine}}"
OPERATIONS = f"{IN_SUBSCRIPTION}/locations/{{location}}/compute"
CLUSTERS = (
    "/subscriptions/{subscription}/providers/Microsoft.ContainerService/managedClusters",
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters",
)
Choose = Callable[[ArmRequest], Sequence[Machine]]


class ComputeRoutes:
    """`power` changes and tells the states of the `fleet`."""

    def __init__(self, world: World, fleet: Fleet, power: Power, models: ComputeModels, operations: Operations) -> None:
        self._world, self._fleet, self._power = world, fleet, power
        self._models, self._operations = models, operations

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", f"{IN_SUBSCRIPTION}/virtualMachineScaleSets", self.list_sets)
        routes.add("GET", f"{IN_GROUP}/virtualMachineScaleSets", self.list_sets)
        routes.add("GET", SET, self.get_set)
        routes.add("GET", f"{SET}/instanceView", self.view_set)
        routes.add("GET", f"{SET}/virtualMachines", self.list_instances)
        routes.add("GET", INSTANCE, self.get_instance)
        routes.add("GET", f"{INSTANCE}/instanceView", self.view_instance)
        routes.add("GET", f"{IN_SUBSCRIPTION}/virtualMachines", self.list_machines)
        routes.add("GET", f"{IN_GROUP}/virtualMachines", self.list_machines)
        routes.add("GET", MACHINE, self.get_machine)
        routes.add("GET", f"{MACHINE}/instanceView", self.view_machine)
        for action in ACTIONS:
            routes.add("POST", f"{SET}/{action}", self.change(action, self._chosen))
            routes.add("POST", f"{INSTANCE}/{action}", self.change(action, lambda request: [self._instance(request)]))
            routes.add("POST", f"{MACHINE}/{action}", self.change(action, lambda request: [self._machine(request)]))
        for clusters in CLUSTERS:
            routes.add("GET", clusters, self.list_clusters)
        routes.add("GET", f"{CLUSTERS[1]}/{{cluster}}", self.get_cluster)
        self._operations.add_routes(routes, OPERATIONS)

    def list_sets(self, request: ArmRequest) -> Answer:
        return Answer(200, listing([self._models.scale_set(each) for each in self._sets(request)]))

    def get_set(self, request: ArmRequest) -> Answer:
        return Answer(200, self._models.scale_set(self._set(request)))

    def view_set(self, request: ArmRequest) -> Answer:
        return Answer(200, set_view([self._power.state(each.name) for each in self._set(request).machines]))

    def list_instances(self, request: ArmRequest) -> Answer:
        found = self._set(request)
        if "$filter" in request.query:
            raise ArmError(501, "NotImplementedOnStage", "the rehearsal stage lists all instances: leave out $filter")
        return Answer(
            200, listing([self._models.instance(each, self._expanded(request, each)) for each in found.machines])
        )

    def get_instance(self, request: ArmRequest) -> Answer:
        found = self._instance(request)
        return Answer(200, self._models.instance(found, self._expanded(request, found)))

    def view_instance(self, request: ArmRequest) -> Answer:
        return Answer(200, self._view(self._instance(request)))

    def list_machines(self, request: ArmRequest) -> Answer:
        every = [each for found in self._sets(request) for each in found.machines]
        return Answer(200, listing([self._models.machine(each, self._expanded(request, each)) for each in every]))

    def get_machine(self, request: ArmRequest) -> Answer:
        found = self._machine(request)
        return Answer(200, self._models.machine(found, self._expanded(request, found)))

    def view_machine(self, request: ArmRequest) -> Answer:
        return Answer(200, self._view(self._machine(request)))

    def list_clusters(self, request: ArmRequest) -> Answer:
        return Answer(200, listing([self._models.cluster(each) for each in self._sets(request)]))

    def get_cluster(self, request: ArmRequest) -> Answer:
        every = [self._models.cluster(each) for each in self._sets(request)]
        name = request.parameters["cluster"]
        found = next((each for each in every if same(each["name"], name)), None)
        if found is None:
            raise not_found(request, "Microsoft.ContainerService/managedClusters", name)
        return Answer(200, found)

    def change(self, action: Action, choose: Choose) -> Handler:
        """A handler that changes the machines that `choose` finds in the request."""

        def handle(request: ArmRequest) -> Answer:
            chosen = choose(request)
            before = self._operations.already(request)
            if before is not None:
                return before
            place = OPERATIONS.format(subscription=self._world.subscription, location=chosen[0].region)
            names = [each.name for each in chosen]
            return self._operations.start(request, place, self._change(names, action), lambda: {"machines": names})

        return handle

    async def _change(self, names: Sequence[str], action: Action) -> None:
        """All at once; the first failure, after the others have ended."""
        results = await asyncio.gather(*(self._power.change(name, action) for name in names), return_exceptions=True)
        failure = next((result for result in results if isinstance(result, BaseException)), None)
        if failure is not None:
            raise failure

    def _sets(self, request: ArmRequest) -> list[ScaleSet]:
        check = self._world.check_group if "group" in request.parameters else self._world.check_subscription
        check(request)
        return scale_sets(self._fleet.machines())

    def _set(self, request: ArmRequest) -> ScaleSet:
        name = request.parameters["set"]
        found = next((each for each in self._sets(request) if same(each.name, name)), None)
        if found is None:
            raise not_found(request, "Microsoft.Compute/virtualMachineScaleSets", name)
        return found

    def _instance(self, request: ArmRequest) -> Machine:
        found, instance = self._set(request), request.parameters["instance"]
        machine = found.machine(instance)
        if machine is None:
            raise not_found(
                request, "Microsoft.Compute/virtualMachineScaleSets/virtualMachines", f"{found.name}/{instance}"
            )
        return machine

    def _machine(self, request: ArmRequest) -> Machine:
        name = request.parameters["machine"]
        every = [each for found in self._sets(request) for each in found.machines]
        machine = next((each for each in every if same(each.name, name)), None)
        if machine is None:
            raise not_found(request, "Microsoft.Compute/virtualMachines", name)
        return machine

    def _chosen(self, request: ArmRequest) -> Sequence[Machine]:
        """The instances that the body names; all of them when it names none, as Azure has it."""
        found = self._set(request)
        wanted = instance_ids(request.body)
        if not wanted:
            return found.machines
        by_id = {each: found.machine(each) for each in wanted}
        missing = next((each for each, machine in by_id.items() if machine is None), None)
        if missing is not None:
            message = f"The provided instanceId {missing} is not an active Virtual Machine Scale Set VM instanceId."
            raise ArmError(400, "InvalidParameter", message)
        return [machine for machine in by_id.values() if machine is not None]

    def _expanded(self, request: ArmRequest, machine: Machine) -> dict[str, Any] | None:
        return self._view(machine) if request.query.get("$expand", "").lower() == "instanceview" else None

    def _view(self, machine: Machine) -> dict[str, Any]:
        return self._models.view(machine, self._power.state(machine.name))


def instance_ids(body: Any) -> list[str]:
    """Those that a body names, [] for all of them ("*", or nothing said); ArmError 400 for anything else."""
    said = body.get("instanceIds") if isinstance(body, dict) else body
    if said is None or said == ["*"]:
        return []
    if not isinstance(said, list) or not said or not all(isinstance(each, str) for each in said):
        raise ArmError(400, "InvalidParameter", "The value of parameter instanceIds is invalid: it is a list of ids.")
    return said


def not_found(request: ArmRequest, kind: str, name: str) -> ArmError:
    group = request.parameters.get("group", "")
    return ArmError(
        404, "ResourceNotFound", f"The Resource '{kind}/{name}' under resource group '{group}' was not found."
    )
