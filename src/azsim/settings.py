"""What a stage is told when it starts: one JSON file. Unknown keys and wrong types are errors that name the place."""

import re
import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from azsim.errors import StageError

Profile = Literal["brisk", "azure"]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
PYTHON = "{python}"  # in a command: the Python that runs the stage


class Ports(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Loopback ports; 0 takes a free one."""

    bank: Port = 0
    arm: Port = 0
    authority: Port = 0


class WorkloadSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program of which `per_region` copies run in each region.

    `ready` is the path that answers 200 when a copy may get requests; copies with one stand behind the front door,
    a workload with "" does not.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    command: Annotated[list[str], msgspec.Meta(min_length=1)]
    per_region: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    ready: Annotated[str, msgspec.Meta(pattern=r"^(/\S*)?$")] = "/health/ready"
    env: dict[str, str] = {}


Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class RouteSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests whose path begins with `path` go to the Kubernetes service `service`; `ready` is probed on its pods.

    Only those with one of `methods`, when there are any. The longest path wins, and of two that are equally long the
    one with methods.
    """

    path: Annotated[str, msgspec.Meta(pattern=r"^/\S*$")]
    service: Annotated[str, msgspec.Meta(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]
    ready: Annotated[str, msgspec.Meta(pattern=r"^/\S*$")] = "/health/ready"
    methods: list[Method] = []


class StageConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`cwd` is where commands run; `init` commands run once, in order, before anything that is deployed.

    `manifests` (files or folders) are applied in both regions, `images` are the commands that stand for container
    images, `routes` are the front door's; `workloads` says the same shorter, for programs that need no manifest.
    `services` leaves some of Azure out, for those who do not need it.
    """

    cwd: str
    profile: Profile = "brisk"
    seed: int = 7
    replication_lag_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    mistake: str = ""
    ports: Ports = Ports()
    init: list[list[str]] = []
    workloads: list[WorkloadSpec] = []
    manifests: list[str] = []
    images: dict[str, Annotated[list[str], msgspec.Meta(min_length=1)]] = {}
    routes: list[RouteSpec] = []
    queues: list[str] = []
    services: tuple[Literal["servicebus", "storage"], ...] = ("servicebus", "storage")


class Patch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may change while the stage runs; a missing key stays as it is."""

    replication_lag_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] | None = None
    mistake: str | None = None
    profile: Profile | None = None


def load(path: Path) -> StageConfig:
    """Read and validate; StageError says what is wrong and what is accepted."""
    try:
        config = msgspec.json.decode(path.read_bytes(), type=StageConfig)
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror}", "pass the path of a stage configuration") from error
    except msgspec.MsgspecError as error:
        raise StageError(f"{path}: {error}", accepted(str(error))) from error
    return checked(config, path)


def checked(config: StageConfig, path: Path) -> StageConfig:
    if not Path(config.cwd).is_dir():
        raise StageError(f"{path}: cwd {config.cwd!r} is not a directory", "give the directory that commands run in")
    names = [workload.name for workload in config.workloads]
    if len(names) != len(set(names)):
        raise StageError(f"{path}: two workloads have the same name", "name each workload once")
    said = [(route.path, method) for route in config.routes for method in (*route.methods,) or ("",)]
    if len(said) != len(set(said)):
        raise StageError(
            f"{path}: two routes take the same requests", "give them different paths, or different methods"
        )
    if len({(route.service, route.ready) for route in config.routes}) != len(
        {route.service for route in config.routes}
    ):
        raise StageError(f"{path}: one service has two ready paths", "give all routes of a service the same `ready`")
    if any(not argv for argv in config.init):
        raise StageError(f"{path}: an init command is empty", 'write it as a list: ["{python}", "-m", "module"]')
    missing = next((path for path in config.manifests if not Path(path).exists()), None)
    if missing:
        raise StageError(f"{path}: there is no manifest {missing}", "give the path of a file or folder of manifests")
    return config


def accepted(message: str) -> str:
    """The keys that the place in a validation message accepts."""
    struct: type[msgspec.Struct] = StageConfig
    if re.search(r"\$\.workloads", message):
        struct = WorkloadSpec
    elif re.search(r"\$\.routes", message):
        struct = RouteSpec
    elif "$.ports" in message:
        struct = Ports
    return f"accepted keys: {', '.join(struct.__struct_fields__)}"


def resolved(argv: list[str]) -> list[str]:
    """A command with `{python}` filled in."""
    return [sys.executable if word == PYTHON else word for word in argv]
