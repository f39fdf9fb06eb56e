"""The whole stage: what is started in which order, what may be changed while it runs, and how it ends.

Made unstarted, so that `stop` works after any part of `start` has failed. Nothing in here is a service: each has its
own folder, `estate` joins them, and this file only says when.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from azsim import addresses, clock, prepare, status
from azsim.arm.server import ArmServer
from azsim.control import Control
from azsim.errors import StageError
from azsim.estate import Estate
from azsim.ground import REGIONS
from azsim.home import Home
from azsim.kubernetes.manifests import CONNECTIONS, SETTINGS
from azsim.log import StageLog
from azsim.servers import Servers
from azsim.settings import Patch, StageConfig
from azsim.tls import server_context

READY_S = 60.0
# The end is promised within two seconds; what has not ended by then is killed.
STOP_S = 1.6
# The ConfigMap that tells a program in which region it runs.
REGION = "region"


class Stage:
    """`token` opens the control; `stopping` is set when somebody asks for the end. StageError when a port is taken."""

    def __init__(self, config: StageConfig, home: Home, log: StageLog, token: str) -> None:
        self.stopping = asyncio.Event()
        self.addresses = addresses.take(config.ports)
        self._tls = server_context(home.root)
        self.estate = Estate(config, home, self.addresses, self._tls, log)
        self._config = config
        self._home = home
        self._log = log
        self._token = token
        self._mistake = config.mistake
        self._changing = asyncio.Lock()
        self._took: dict[str, float] = {}
        self._servers = Servers()

    async def start(self) -> None:
        """Everything up and ready; StageError otherwise (call `stop` then, too)."""
        since = clock.monotonic()
        await self._timed("serving", self._serve())
        services = self.estate.services()
        await together([self._timed(name, service.start()) for name, service in services.items()])
        place = prepare.Place(Path(self._config.cwd), self._home.logs, self.estate.connections() | self._settings())
        for argv in self._config.init:
            await self._timed("init", prepare.run(argv, place, self.estate.ground))
        await self._timed("workloads", self._deploy())
        self._took["all"] = round(clock.monotonic() - since, 3)
        urls = {name: self.addresses.url(name) for name in ("bank", "arm", "authority")}
        self._log.record("stage.ready", took_s=self._took, **urls)

    async def _timed(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        since = clock.monotonic()
        await work
        self._took[what] = round(clock.monotonic() - since + self._took.get(what, 0.0), 3)

    async def _serve(self) -> None:
        directory = self.estate.identity.directory
        arm = ArmServer(directory, self.estate.routes(), self._log, self.addresses.url("arm"))
        control = Control(self, self._log, self._token, self.stopping)
        await self.estate.identity.start()
        await self._servers.serve(arm.make_app(), self.addresses.arm, self._tls)
        await self._servers.serve(control.make_app(), self.addresses.control)

    async def _deploy(self) -> None:
        """What programs are told, then the programs."""
        clusters = self.estate.kubernetes
        for namespace in self.estate.namespaces():
            await clusters.put_secret(namespace, CONNECTIONS, self.estate.connections())
            await clusters.put_config(namespace, SETTINGS, self._settings())
            for region in REGIONS:
                await clusters.put_config(namespace, REGION, {"REGION": region}, [region])
        clusters.apply_documents(self.estate.documents)
        await clusters.wait_ready(READY_S)

    def _settings(self) -> dict[str, str]:
        """Users may sign in, and need not: whoever looks at a rehearsal asks the bank without a token."""
        issuer = self.estate.identity.directory.issuer
        tokens = {"JWKS": str(self.estate.ground.keys), "AUTHORITY": issuer, "SIGN_IN": "offered"}
        return {"MISTAKE": self._mistake, **tokens}

    def status(self) -> dict[str, Any]:
        """The promised JSON."""
        said = status.describe(self._config, self.estate, self.addresses)
        return {**said, "mistake": self._mistake, "took_s": self._took}

    def resolve(self, name: str) -> dict[str, Any] | None:
        """Where clients that use a DNS name of the failover group arrive now; None for another name."""
        found = self.estate.sql.resolve(name)
        return found._asdict() if found else None

    async def fault(self, service: str, name: str, faults: dict[str, Any]) -> None:
        await self.estate.fault(service, name, faults)

    async def apply(self, patch: Patch) -> dict[str, Any]:
        """Change settings of the running stage, one patch at a time; returns when the change has taken effect."""
        group = self.estate.sql.group
        async with self._changing:
            if patch.replication_lag_s is not None:
                group.set_lag(patch.replication_lag_s)
            if patch.profile is not None:
                group.set_profile(patch.profile)
                self.estate.profile = patch.profile
            if patch.mistake is not None and patch.mistake != self._mistake:
                await self._make(patch.mistake)
        settings = {
            "replication_lag_s": group.link.lag_s,
            "mistake": self._mistake,
            "profile": self.estate.profile,
        }
        if patch != Patch():
            self._log.record("stage.settings", **settings)
        return settings

    async def _make(self, mistake: str) -> None:
        """Have the programs make another mistake. When they do not come up with it, all go back and StageError says why."""
        before = self._mistake
        try:
            await self._roll(mistake)
        except StageError:
            await self._roll(before)
            raise

    async def _roll(self, mistake: str) -> None:
        self._mistake = mistake
        clusters = self.estate.kubernetes
        for namespace in self.estate.namespaces():
            await clusters.put_config(namespace, SETTINGS, self._settings())
        await clusters.roll(READY_S)

    async def stop(self) -> None:
        """End everything, in at most two seconds. Safe after a failed start."""
        try:
            async with asyncio.timeout(STOP_S):
                await asyncio.gather(self.estate.stop(), self._servers.stop())
        except TimeoutError:
            self._log.record("stage.stop-late", limit_s=STOP_S)
        self.addresses.close()
        killed = self._home.leave()
        self._log.record("stage.stopped", killed=killed)


async def together(work: list[Coroutine[Any, Any, None]]) -> None:
    """All at once; the first failure, after the others have ended (no process may be started behind our back)."""
    results = await asyncio.gather(*work, return_exceptions=True)
    failure = next((result for result in results if isinstance(result, BaseException)), None)
    if failure is not None:
        raise failure


def told(error: BaseException) -> StageError:
    """Any failure to start, as an error for people."""
    if isinstance(error, StageError):
        return error
    return StageError(
        f"the stage could not start: {type(error).__name__}: {error}", "read stage.log in the stage's directory"
    )
