"""The Kubernetes service as a process of its own, with the tiny workload, for tests that need no whole stage.

`python kubernetes_alone.py FOLDER PROFILE` prints the status when it serves, does a line of JSON at a time from stdin
(`{"do": "power_off", "region": ..., "node": ...}`), answers each with a line, and ends when stdin does.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from azsim.arm.operations import Operations
from azsim.arm.routes import World
from azsim.errors import StageError
from azsim.ground import Ground
from azsim.kubernetes import manifests
from azsim.kubernetes.kinds import BY_NAME
from azsim.kubernetes.manifests import Document
from azsim.kubernetes.service import Kubernetes
from azsim.log import StageLog
from azsim.settings import WorkloadSpec
from azsim.tls import make_server_files

HERE = Path(__file__).parent
IMAGES = {
    "registry.test:5000/pod": ["{python}", "pod_workload.py"],
    "echo": ["{python}", "echo_workload.py"],
    "nothing-there": ["/no/such/program"],
}


def ground_in(folder: Path, profile: str) -> Ground:
    log = StageLog(folder / "stage.log")
    return Ground(
        world=World("tenant", "00000000-0000-0000-0000-000000000001", "gasbank", "westeurope"),
        operations=Operations("https://127.0.0.1", log),
        log=log,
        folder=folder,
        server_pem=folder / "server.pem",
        ca=make_server_files(folder),
        keys=folder / "keys.json",
        record=folder / "processes.jsonl",
        seed=7,
        profile=lambda: profile,
    )


async def done(kubernetes: Kubernetes, said: dict[str, Any]) -> Any:
    """One order of the test."""
    what = said["do"]
    if what == "status":
        return kubernetes.status()
    if what == "workload":
        documents = [
            Document("test", BY_NAME[one["apiVersion"], one["kind"]], "default", one)
            for one in manifests.of_workload(WorkloadSpec(**said["spec"]))
        ]
        kubernetes.apply_documents(documents)
    elif what == "config":
        await kubernetes.put_config(said["namespace"], said["name"], said["data"])
        await kubernetes.put_secret(said["namespace"], said["name"], said["data"])
    elif what == "apply":
        await kubernetes.apply([Path(path) for path in said["paths"]])
    elif what == "wait_ready":
        await kubernetes.wait_ready(said["within_s"])
    elif what == "fault":
        await kubernetes.fault(said["region"], said["faults"])
    elif what == "wrong":
        return kubernetes.wrong()
    elif what == "roll":
        await kubernetes.roll(said["within_s"])
    else:
        await getattr(kubernetes.clusters[said["region"]], what)(said["node"])
    return {}


async def serve(folder: Path, profile: str) -> None:
    kubernetes = Kubernetes(ground_in(folder, profile), IMAGES, HERE, {"TOLD": "by the stage"})
    endpoints: dict[str, list[Any]] = {}
    await kubernetes.start()
    kubernetes.on_endpoints(lambda *where, ready=None: endpoints.update({"/".join(where[:3]): where[3]}))
    print(json.dumps({**kubernetes.status(), "kubeconfig": str(kubernetes.kubeconfig)}), flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        try:
            said = json.loads(line)
            answer = endpoints if said["do"] == "endpoints" else await done(kubernetes, said)
            print(json.dumps({"answer": answer}), flush=True)
        except StageError as error:
            print(json.dumps({"error": error.what}), flush=True)
    await kubernetes.stop()


if __name__ == "__main__":
    os.environ.pop("KUBECONFIG", None)
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2]))
