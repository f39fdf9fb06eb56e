"""One pod on its node: from the image to the last signal, and what of it is reported in between."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from azsim import net
from azsim.kubernetes import models
from azsim.kubernetes.container import Container, Place, ended_state, nice_of
from azsim.kubernetes.endpoints import PORT_NOTE
from azsim.kubernetes.environment import Unresolved, environment_of
from azsim.kubernetes.events import Events
from azsim.kubernetes.health import Health
from azsim.kubernetes.kinds import POD
from azsim.kubernetes.pod_status import PodStatus
from azsim.kubernetes.probes import Target
from azsim.kubernetes.store import Object, Store, key_of
from azsim.kubernetes.timings import Backoff, Timings
from azsim.settings import resolved

# A reference that cannot be resolved is tried again; a Secret may be made after the pod.
RESOLVE_AGAIN_S = 0.5
CANNOT_START = 128
SHARED_NOTE = "azsim/address"  # "shared": the pod is at 127.0.0.1 with a port of its own


class Surroundings(NamedTuple):
    """What every pod of a cluster is run with."""

    store: Store
    events: Events
    images: Mapping[str, Sequence[str]]
    place: Place
    environment: Mapping[str, str]
    timings: Callable[[], Timings]


class PodProcess:
    """`run` in a task; `end` or `kill` once, from outside."""

    def __init__(self, pod: Object, surroundings: Surroundings, address: str | None, node_ip: str) -> None:
        self.first = pod  # as it was when it came to the node
        self.uid = pod["metadata"]["uid"]
        self.exits = 0
        self.ever_ready = False
        self.ip = net.LOOPBACK if address is None or is_shared(pod) else address
        self.lent = address
        self.container: Container | None = None
        self._around = surroundings
        self._port = net.free_port() if self.ip == net.LOOPBACK else first_port(pod)
        self._status = PodStatus(pod, self.ip, node_ip, surroundings.store)
        self._backoff = Backoff()
        self._key = key_of(POD, pod)

    @property
    def pod(self) -> Object:
        """As it is now, or as it came here when it is gone already."""
        now = self._around.store.find(*self._key)
        return now if now is not None and now["metadata"]["uid"] == self.uid else self.first

    @property
    def log(self) -> Path:
        """Of the present run."""
        return log_path(self._around.place.logs, self._key.namespace, self._key.name, self._status.restarts)

    @property
    def last_log(self) -> Path:
        """Of the newest run that wrote something."""
        runs = [path for path in self.log.parent.glob("*.log") if path.stat().st_size]
        return max(runs, key=lambda path: int(path.stem), default=self.log)

    async def run(self) -> None:
        """Until the pod is finished; for ever when it is to be restarted always."""
        self._note_port()
        while True:
            argv = await self._pull()
            env = await self._resolve()
            code, lived_s = await self._live(argv, env)
            self.exits += 1
            policy = self.pod["spec"]["restartPolicy"]
            if policy == "Never" or (policy == "OnFailure" and code == 0):
                self._status.finish("Succeeded" if code == 0 else "Failed")
                return
            pause_s = self._backoff.pause_s(lived_s, self._around.timings())
            name = models.container_of(self.pod)["name"]
            why = f"back-off {pause_s:g}s restarting failed container={name}"
            self._status.wait("CrashLoopBackOff", why)
            self._tell("BackOff", f"Back-off restarting failed container {name}", warning=True)
            await asyncio.sleep(pause_s)
            self._status.restarts += 1

    def _note_port(self) -> None:
        """Where it listens, for services, when the port of its spec is not the one."""
        if self.ip == net.LOOPBACK and self._around.store.find(*self._key) is not None:
            metadata = self.pod["metadata"]
            notes = {**(metadata.get("annotations") or {}), PORT_NOTE: str(self._port)}
            self._around.store.update(POD, {**self.pod, "metadata": {**metadata, "annotations": notes}})
        self._status.admit()

    async def _pull(self) -> list[str]:
        """The command that stands for the image; an image without one is asked for again and again, as in Kubernetes."""
        backoff = Backoff()
        while True:
            container = models.container_of(self.pod)
            argv = self._around.images.get(image_name(container["image"]))
            if argv is not None:
                return [*resolved(list(argv)), *(container.get("args") or [])]
            known = ", ".join(sorted(self._around.images)) or "none"
            why = f"the stage has no command for image {container['image']!r}; it knows: {known}"
            self._status.wait("ErrImagePull", why)
            self._tell("Failed", f"Failed to pull image {container['image']!r}: {why}", warning=True)
            await asyncio.sleep(self._around.timings().first_pause_s)
            self._status.wait("ImagePullBackOff", why)
            await asyncio.sleep(backoff.pause_s(0.0, self._around.timings()))

    async def _resolve(self) -> dict[str, str]:
        while True:
            try:
                own = environment_of(self._around.store, self.pod)
            except Unresolved as unresolved:
                self._status.wait("CreateContainerConfigError", str(unresolved))
                self._tell("Failed", f"Error: {unresolved}", warning=True)
                await asyncio.sleep(RESOLVE_AGAIN_S)
            else:
                told = {**self._around.environment, "HOSTNAME": self._key.name}
                port = {"PORT": str(self._port)} if self._port else {}
                # What a manifest says of the port holds only where the pod has an address of its own.
                return {**told, **own, **port} if self.ip == net.LOOPBACK else {**told, **port, **own}

    async def _live(self, argv: list[str], env: dict[str, str]) -> tuple[int, float]:
        """One run; its exit code and how long it took."""
        container = models.container_of(self.pod)
        since = self._around.store.now()
        try:
            self.container = await Container.start(argv, env, self._around.place, self.log, nice_of(container))
        except OSError as error:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.log.write_text(f"cannot start {argv[0]}: {error.strerror}\n")
            self._status.end(ended_state(CANNOT_START, since))
            return CANNOT_START, 0.0
        self._tell("Started", f"Started container {container['name']}")
        self._status.start(self.container, has_startup="startupProbe" in container)
        code = await self._attend(self.container, container, env)
        self._status.end(ended_state(code, since))
        return code, self.container.lived_s

    async def _attend(self, running: Container, spec: Object, env: dict[str, str]) -> int:
        """Until its end; a container that is not healthy is ended."""
        target = Target(self.ip, self._number, env, self._around.place.cwd)
        health = Health(spec, target, self._hurry_s, self._became, self._unhealthy)
        ended, broken = asyncio.create_task(running.wait()), asyncio.create_task(health.until_broken())
        try:
            await asyncio.wait({ended, broken}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                why = f"Container {spec['name']} failed {broken.result()} probe, will be restarted"
                self._tell("Killing", why)
                await running.end(self.pod["spec"]["terminationGracePeriodSeconds"])
            return await ended
        finally:
            broken.cancel()
            ended.cancel()

    def _hurry_s(self) -> float | None:
        return None if self.ever_ready else self._around.timings().first_ready_period_s

    def _became(self, ready: bool) -> None:
        self.ever_ready = self.ever_ready or ready
        self._status.become(ready=ready)

    def _unhealthy(self, probe: str, why: str) -> None:
        self._tell("Unhealthy", f"{probe.capitalize()} probe failed: {why}", warning=True)

    def _number(self, port: int | str) -> int:
        """Where a port of the spec really is."""
        if self.ip == net.LOOPBACK:
            return self._port or 0
        named = {one.get("name"): one["containerPort"] for one in models.ports_of(self.pod)}
        return int(named.get(port, port))

    def _tell(self, reason: str, message: str, *, warning: bool = False) -> None:
        self._around.events.tell(self.pod, reason, message, warning=warning)


def is_shared(pod: Object) -> bool:
    return (pod["metadata"].get("annotations") or {}).get(SHARED_NOTE) == "shared"


def first_port(pod: Object) -> int | None:
    return next((port["containerPort"] for port in models.ports_of(pod)), None)


def image_name(image: str) -> str:
    """Without tag and digest: a colon after the last slash begins a tag, one before it a registry's port."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def log_path(logs: Path, namespace: str, name: str, run: int) -> Path:
    return logs / f"{namespace}_{name}" / f"{run}.log"
