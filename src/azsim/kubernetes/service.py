"""Kubernetes as the stage holds it: a cluster per region, what runs on them, and the files by which clients find them."""

import asyncio
import base64
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from azsim import clock
from azsim.arm.requests import Routes
from azsim.errors import StageError
from azsim.ground import REGIONS, Ground
from azsim.kubernetes import changes, kubeconfig, manifests, models
from azsim.kubernetes.cluster import Cluster
from azsim.kubernetes.endpoints import Endpoint
from azsim.kubernetes.faults import Faults
from azsim.kubernetes.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, SECRET, Kind
from azsim.kubernetes.store import Change, Object, timestamp

STOP_S = 1.0
RESTARTED = "kubectl.kubernetes.io/restartedAt"
# Of the stage's own environment: what a program needs to be found and to find its libraries, and no secret.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH")

OnEndpoints = Callable[[str, str, str, list[Endpoint]], None]  # region, namespace, service, endpoints


class Kubernetes:
    """`images` are commands by image name, `environment` is what every container is told, `cwd` where it runs."""

    def __init__(
        self, ground: Ground, images: Mapping[str, Sequence[str]], cwd: Path, environment: Mapping[str, str]
    ) -> None:
        self._ground = ground
        self._folder = ground.folder / "kubernetes"
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        told = {"PYTHONUNBUFFERED": "1", **passed, **environment}
        self.clusters = {region: Cluster(region, ground, images, cwd, told) for region in REGIONS}

    @property
    def kubeconfig(self) -> Path:
        """Both regions, a context each."""
        return self._folder / "kubeconfig"

    def kubeconfig_of(self, region: str) -> Path:
        return self._folder / f"kubeconfig-{region}"

    async def start(self) -> None:
        """Serve both regions and write the kubeconfig files."""
        self._folder.mkdir(exist_ok=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self._ground.server_pem)
        for cluster in self.clusters.values():
            await cluster.start(tls)
        accesses = [kubeconfig.Access(name, each.url, each.token) for name, each in self.clusters.items()]
        for access in accesses:
            kubeconfig.write(self.kubeconfig_of(access.name), self._ground.ca, [access])
        kubeconfig.write(self.kubeconfig, self._ground.ca, accesses)

    def add_to(self, routes: Routes) -> None:
        """The scale set under the nodes is another service's; the cluster itself has no ARM operations here."""

    async def apply(self, paths: Sequence[Path]) -> None:
        """Apply files or folders of manifests in both regions; StageError names the file and the document."""
        self.apply_documents(manifests.read(paths))

    def apply_documents(self, documents: Sequence[manifests.Document]) -> None:
        for cluster in self.clusters.values():
            for document in documents:
                manifests.apply(cluster.store, document)

    async def put_secret(self, namespace: str, name: str, data: Mapping[str, str]) -> None:
        """Make or replace a Secret in both regions, with its namespace when there is none."""
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        self._put(SECRET, namespace, name, encoded)

    async def put_config(
        self, namespace: str, name: str, data: Mapping[str, str], regions: Sequence[str] = REGIONS
    ) -> None:
        """The same for a ConfigMap, in both regions or in one."""
        self._put(CONFIG_MAP, namespace, name, dict(data), regions)

    def _put(
        self, kind: Kind, namespace: str, name: str, data: dict[str, str], regions: Sequence[str] = REGIONS
    ) -> None:
        for region in regions:
            store = self.clusters[region].store
            if store.find(NAMESPACE, "", namespace) is None:
                changes.create(store, NAMESPACE, "", {"metadata": {"name": namespace}})
            before = store.find(kind, namespace, name)
            if before is None:
                changes.create(store, kind, namespace, {"metadata": {"name": name}, "data": data})
            else:
                store.update(kind, {**before, "data": data})

    async def wait_ready(self, within_s: float) -> None:
        """Until all deployments of both regions are at full count; StageError with the last words of what is not."""
        waiting = [asyncio.create_task(wait_for(cluster, within_s)) for cluster in self.clusters.values()]
        try:
            await asyncio.gather(*waiting)
        finally:
            for task in waiting:  # the first error is the answer
                task.cancel()

    async def roll(self, within_s: float) -> None:
        """Restart all deployments of both regions as `kubectl rollout restart` does, and wait."""
        note = {RESTARTED: timestamp(clock.utc()) + f".{clock.monotonic():.6f}"}
        patch = {"spec": {"template": {"metadata": {"annotations": note}}}}
        for cluster in self.clusters.values():
            for deployment in cluster.deployments():
                after = changes.patched(changes.MERGE, deployment, patch)
                changes.replace(cluster.store, DEPLOYMENT, deployment, after)
        await self.wait_ready(within_s)

    async def fault(self, region: str, faults: dict[str, Any]) -> None:
        """What is wrong in a region from now on; what is not named is well. StageError names what is accepted."""
        cluster = self.clusters.get(region)
        if cluster is None:
            raise StageError(f"there is no region {region!r}", f"use one of: {', '.join(self.clusters)}")
        try:
            wrong = msgspec.convert(faults, Faults)
            cluster.kubelets.pause(wrong.paused)
        except msgspec.ValidationError as error:
            accepted = ", ".join(Faults.__struct_fields__)
            raise StageError(f"faults of {region}: {error}", f"accepted: {accepted}") from error
        except KeyError as error:
            known = ", ".join(cluster.status()["pods"]) or "none"
            raise StageError(f"no pod {error} runs in {region}", f"its pods: {known}") from error
        self._ground.log.record("kubernetes.fault", region=region, **msgspec.to_builtins(wrong))

    def wrong(self) -> dict[str, Any]:
        """By region: every fault with its value now."""
        return {name: msgspec.to_builtins(Faults(each.kubelets.paused())) for name, each in self.clusters.items()}

    def on_endpoints(self, callback: OnEndpoints) -> None:
        """Be told of each service's ready endpoints, now and whenever they change."""
        for region, cluster in self.clusters.items():
            cluster.endpoints.listen(partial(callback, region))

    def status(self) -> dict[str, Any]:
        return {
            region: {"kubeconfig": str(self.kubeconfig_of(region)), **cluster.status()}
            for region, cluster in self.clusters.items()
        }

    def processes(self) -> dict[str, dict[str, Any]]:
        """None: pods are told in the status, with what they are."""
        return {}

    async def stop(self) -> None:
        """End all pods, the deaf ones after a second. Safe after a failed start."""
        await asyncio.gather(*(cluster.stop(STOP_S) for cluster in self.clusters.values()))


async def wait_for(cluster: Cluster, within_s: float) -> None:
    """Looked at again after each change; a pod that will never be ready ends the waiting at once."""
    changed = asyncio.Event()

    def note(_change: Change) -> None:
        changed.set()

    stop = cluster.store.listen(note)
    try:
        async with asyncio.timeout(within_s):
            while not all(is_complete(deployment) for deployment in cluster.deployments()):
                changed.clear()
                check_hopeful(cluster)
                await changed.wait()
    except TimeoutError:
        raise StageError(unready(cluster, within_s), f"read the logs in {cluster.logs}") from None
    finally:
        stop()


def is_complete(deployment: Object) -> bool:
    """At full count with its present template, and nothing of an older one left."""
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    counts = [status.get(name) for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")]
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and set(counts) == {wanted}


def check_hopeful(cluster: Cluster) -> None:
    for pod in cluster.store.all(POD):
        why = cluster.kubelets.failure(pod) if models.is_active(pod) else ""
        if why:
            name = f"{pod['metadata']['name']} ({cluster.region})"
            what = f"{name} {why}; its last words: {cluster.kubelets.last_words(pod)}"
            raise StageError(what, f"read the logs in {cluster.logs}")


def unready(cluster: Cluster, within_s: float) -> str:
    """What was not ready in time, and what the first of it said last."""
    names = [each["metadata"]["name"] for each in cluster.deployments() if not is_complete(each)]
    pods = [pod for pod in cluster.store.all(POD) if not models.is_ready(pod)]
    said = "; ".join(f"{pod['metadata']['name']}: {waiting_for(pod)}" for pod in pods[:5])
    words = cluster.kubelets.last_words(pods[0]) if pods else "(nothing)"
    where = f"{', '.join(names)} in {cluster.region} not at full count within {within_s:g} s"
    return f"{where}: {said}; last words of the first: {words}"


def waiting_for(pod: Object) -> str:
    state = (pod["status"].get("containerStatuses") or [{}])[0].get("state", {})
    waiting = state.get("waiting", {})
    return f"{waiting['reason']} {waiting.get('message', '')}".strip() if waiting else "not ready"
