"""The kubelets of a cluster's nodes: each pod that is bound to a running machine has its process, and no other has.

A controller like the others: it compares the pods of the store with the processes that there are.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable

from azsim.kubernetes import models
from azsim.kubernetes.addresses import Addresses
from azsim.kubernetes.container import Container
from azsim.kubernetes.kinds import NODE, POD
from azsim.kubernetes.pod import PodProcess, Surroundings
from azsim.kubernetes.store import Change, Key, Object
from azsim.process import tail

EXITS = 3  # without ever having been ready: it will not be by being started again


class Supervised:
    """A pod's process with the tasks that run it and end it."""

    def __init__(self, process: PodProcess, node: str) -> None:
        self.process = process
        self.node = node
        self.run = asyncio.create_task(process.run())
        self.run.add_done_callback(complain)
        self.ending: asyncio.Task[None] | None = None
        self.grace_s: float | None = None


def complain(task: asyncio.Task[None]) -> None:
    """A pod whose task failed stands still: that is a fault of ours and must be seen."""
    if not task.cancelled() and task.exception() is not None:
        said = {"message": "a pod's task failed", "exception": task.exception(), "task": task}
        task.get_loop().call_exception_handler(said)


class Kubelets:
    """The controller. `is_on` says whether the machine of a node runs."""

    def __init__(self, surroundings: Surroundings, addresses: Addresses, is_on: Callable[[str], bool]) -> None:
        self.processes: dict[str, Supervised] = {}  # by the pod's uid
        self._around = surroundings
        self._store = surroundings.store
        self._addresses = addresses
        self._is_on = is_on
        self._uids: dict[Key, str] = {}
        self._stopped = False

    def concerned(self, change: Change) -> Iterable[Key]:
        if change.key.kind is POD:
            yield change.key

    def look(self, key: Key) -> float | None:
        pod = self._store.find(*key)
        known = self._uids.get(key)
        if known is not None and (pod is None or pod["metadata"]["uid"] != known):
            self._end(key, known, 0.0)  # deleted by force
        if pod is None or self._stopped:
            return None
        node = pod["spec"].get("nodeName")
        if node and self._is_on(node):
            self._settle(key, pod, node)
        return None

    def _settle(self, key: Key, pod: Object, node: str) -> None:
        uid = pod["metadata"]["uid"]
        if models.is_ending(pod):
            if uid in self.processes:
                self._end(key, uid, float(pod["metadata"]["deletionGracePeriodSeconds"]))
            else:
                self._store.delete(*key)
        elif uid not in self.processes and not models.is_finished(pod):
            self._begin(key, pod, node)

    def _begin(self, key: Key, pod: Object, node: str) -> None:
        address = self._addresses.lend()
        machine = self._store.get(NODE, "", node)
        node_ip = next(one["address"] for one in machine["status"]["addresses"] if one["type"] == "InternalIP")
        process = PodProcess(pod, self._around, address, node_ip)
        self._uids[key] = process.uid
        self.processes[process.uid] = Supervised(process, node)

    def _end(self, key: Key, uid: str, grace_s: float) -> None:
        """SIGTERM now; asked again, the shorter grace counts."""
        one = self.processes.get(uid)
        if one is None or (one.grace_s is not None and one.grace_s <= grace_s):
            return
        if one.ending is not None:
            one.ending.cancel()
        elif self._uids.get(key) == uid:
            name = models.container_of(one.process.first)["name"]
            self._around.events.tell(one.process.first, "Killing", f"Stopping container {name}")
        one.grace_s = grace_s
        one.ending = asyncio.create_task(self._finish(key, one, grace_s))

    async def _finish(self, key: Key, one: Supervised, grace_s: float) -> None:
        one.run.cancel()
        await asyncio.gather(one.run, return_exceptions=True)
        if one.process.container is not None:
            await one.process.container.end(grace_s)
        self._forget(key, one)
        pod = self._store.find(*key)
        if pod is not None and pod["metadata"]["uid"] == one.process.uid and not self._stopped:
            self._store.delete(*key)

    def _forget(self, key: Key, one: Supervised) -> None:
        self.processes.pop(one.process.uid, None)
        if self._uids.get(key) == one.process.uid:
            del self._uids[key]
        if one.process.lent is not None:
            self._addresses.give_back(one.process.lent)

    async def kill_node(self, node: str) -> None:
        """Everything on a machine dies at once."""
        victims = [(key, self.processes[uid]) for key, uid in self._uids.items() if self.processes[uid].node == node]
        for _, one in victims:
            if one.ending is not None:
                one.ending.cancel()
            one.run.cancel()
            if one.process.container is not None:
                one.process.container.kill()
        for key, one in victims:
            await asyncio.gather(one.run, return_exceptions=True)
            if one.process.container is not None:
                await one.process.container.wait()
            self._forget(key, one)

    async def stop(self, within_s: float) -> None:
        """End all pods, SIGKILL after `within_s`; none is started afterwards."""
        self._stopped = True
        await asyncio.gather(*(self._stop_one(one, within_s) for one in list(self.processes.values())))

    async def _stop_one(self, one: Supervised, within_s: float) -> None:
        if one.ending is not None:
            one.ending.cancel()
        one.run.cancel()
        await asyncio.gather(one.run, *([one.ending] if one.ending else []), return_exceptions=True)
        if one.process.container is not None:
            await one.process.container.end(within_s)

    def pause(self, names: Collection[str]) -> None:
        """Stop the containers of these pods, and let those of all others go on. KeyError names a pod without one."""
        running = {key.name: self._running(uid) for key, uid in self._uids.items()}
        if missing := [name for name in names if running.get(name) is None]:
            raise KeyError(missing[0])
        for name, container in running.items():
            if container is not None:
                container.pause(paused=name in names)

    def paused(self) -> list[str]:
        """The names of the pods whose containers are stopped. One that is started anew is not."""
        running = {key.name: self._running(uid) for key, uid in self._uids.items()}
        return sorted(name for name, container in running.items() if container and container.is_paused)

    def _running(self, uid: str) -> Container | None:
        one = self.processes.get(uid)
        container = one.process.container if one else None
        return container if container and container.is_running else None

    def pid(self, pod: Object) -> int | None:
        """Of its process now; None while there is none."""
        container = self._running(pod["metadata"]["uid"])
        return container.pid if container else None

    def last_words(self, pod: Object) -> str:
        one = self.processes.get(pod["metadata"]["uid"])
        return tail(one.process.last_log) if one else "(nothing)"

    def failure(self, pod: Object) -> str:
        """Why a pod will not become ready by waiting; "" when it may."""
        one = self.processes.get(pod["metadata"]["uid"])
        state = (pod["status"].get("containerStatuses") or [{}])[0].get("state", {}).get("waiting", {})
        if state.get("reason") in ("ErrImagePull", "ImagePullBackOff"):
            return str(state["message"])
        if one is not None and not one.process.ever_ready and one.process.exits >= EXITS:
            return f"ended {one.process.exits} times before it was ready"
        return ""
