"""One namespace as the stage holds it: its process, its keys, who is let in, and what was last known of its entities.

What the process must know is written into its configuration anew at each start, so that a namespace that was killed
comes back with the keys, the network rules and the faults that it had.
"""

import asyncio
import base64
import secrets
from typing import Any, NamedTuple

import msgspec

from azsim import clock
from azsim.ground import Ground
from azsim.net import LOOPBACK, free_port
from azsim.network import Network
from azsim.servicebus.access import KeyRule
from azsim.servicebus.broker.options import Options
from azsim.servicebus.broker.rules import Rule
from azsim.servicebus.faults import Trouble
from azsim.services import Service, ServiceGone

ROOT = "RootManageSharedAccessKey"
RIGHTS = {ROOT: ("Listen", "Manage", "Send"), "send": ("Send",), "listen": ("Listen",)}
PATIENCE_S, AGAIN_AFTER_S = 5.0, 0.1


class Keys(msgspec.Struct):
    """The two keys of one authorisation rule."""

    primary: str
    secondary: str


class Entity(NamedTuple):
    """A queue, topic or subscription. `counts` and `rules` (of a topic: subscription -> rules) are as of the last look."""

    path: str
    kind: str
    options: Options
    counts: dict[str, int]
    rules: dict[str, list[Rule]]

    @property
    def messages(self) -> int:
        """How many there are, in any state."""
        return sum(self.counts.get(name, 0) for name in ("active", "deferred", "scheduled", "dead"))


class Site:
    """`home` is the region that the namespace was made in, `primary` the one that it is served from now."""

    def __init__(self, name: str, home: str, lag_s: float, ground: Ground) -> None:
        self.name = name
        self.home = self.primary = home
        self.port = free_port()
        self.keys = {rule: Keys(new_key(), new_key()) for rule in RIGHTS}
        self.network = Network()
        self.promoting = False
        self.most_lag_s = 300  # allowed for the copy in the other region; 0 is a synchronous copy
        self.entities: dict[str, Entity] = {}
        self.partner: Site | None = None  # in Geo-DR; its keys are accepted, too
        self.wrong = Trouble()
        self._putting = asyncio.Lock()  # one at a time: a copy of the partner's keeps the status that it has read here
        self._told_rules = self._key_rules()
        self._told_faults: dict[str, Any] = {}
        self._told_copy = {"lag_s": lag_s}
        config = {"port": self.port, "tls_port": free_port(), "rules": self._told_rules}
        self._child = Service(
            name, "servicebus", {**config, "faults": self._told_faults, "copy": self._told_copy}, ground
        )

    @property
    def pid(self) -> int | None:
        return self._child.pid

    async def start(self) -> None:
        """A new namespace, whatever an earlier stage has left in the folder."""
        (self._child.folder / "journal").unlink(missing_ok=True)
        await self._child.start()

    async def stop(self) -> None:
        await self._child.stop()

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """The process's answer, also when it is just being started again; ServiceGone, ServiceRefused."""
        deadline = clock.monotonic() + PATIENCE_S
        while True:
            try:
                return await self._child.ask(method, path, body)
            except ServiceGone:
                if clock.monotonic() > deadline:
                    raise
                await asyncio.sleep(AGAIN_AFTER_S)  # everything that is asked may be asked twice

    # Keys and access

    def connection_string(self, rule: str = ROOT, port: int | None = None, *, second: bool = False) -> str:
        keys = self.keys[rule]
        return connection_string(self.port if port is None else port, rule, keys.secondary if second else keys.primary)

    def _key_rules(self) -> list[dict[str, Any]]:
        keys = [*self.keys.items(), *(self.partner.keys.items() if self.partner else ())]
        rules = [KeyRule(name, key, RIGHTS[name]) for name, each in keys for key in (each.primary, each.secondary)]
        return [dict(msgspec.to_builtins(rule)) for rule in rules]

    async def take_keys(self) -> None:
        """Let the process know the keys as they are now."""
        self._told_rules[:] = self._key_rules()
        await self._ask("PUT", "/keys", self._told_rules)

    async def set_network(self, network: Network) -> None:
        self.network = network
        await self._take_faults()

    async def set_wrong(self, faults: Trouble) -> None:
        """What is wrong with the namespace, said by the stage's operator."""
        self.wrong = faults
        await self._take_faults()

    @property
    def unreachable(self) -> bool:
        return self.wrong.gone or self.wrong.frozen

    async def set_promoting(self, promoting: bool) -> None:
        self.promoting = promoting
        await self._take_faults()

    async def end_promotion(self) -> None:
        """Serve again; what was wrong was wrong with the region that was left."""
        self.wrong, self.promoting = Trouble(), False
        await self._take_faults()

    async def _take_faults(self) -> None:
        said = msgspec.to_builtins(self.wrong)
        self._told_faults.update(said, denied=self.network.denies, gone=self.promoting or self.wrong.gone)
        await self._ask("PUT", "/faults", self._told_faults)

    # Entities

    async def look(self) -> None:
        """See what the process has now."""
        said = await self._ask("GET", "/entities")
        found = [entity_of(each) for each in (*said["queues"], *said["topics"])]
        self.entities = {entity.path.lower(): entity for entity in found}

    async def put(self, path: str, kind: str, options: Options) -> None:
        async with self._putting:
            await self._put(path, kind, options)

    async def put_but_status(self, path: str, kind: str, options: Options) -> None:
        """An entity with these options; its status stays what it is here, and is Active when it is new."""
        async with self._putting:
            await self.look()
            known = self.entities.get(path.lower())
            status = known.options.status if known else "Active"
            await self._put(path, kind, msgspec.structs.replace(options, status=status))

    async def _put(self, path: str, kind: str, options: Options) -> None:
        body = {"path": path, "kind": kind, "options": msgspec.to_builtins(options)}
        await self._ask("PUT", "/entities", body)
        await self.look()

    async def delete(self, path: str) -> None:
        await self._ask("DELETE", "/entities", {"path": path})
        await self.look()

    async def put_rule(self, topic: str, subscription: str, rule: Rule) -> None:
        body = {"topic": topic, "subscription": subscription, "rule": msgspec.to_builtins(rule)}
        await self._ask("PUT", "/rules", body)
        await self.look()

    async def delete_rule(self, topic: str, subscription: str, name: str) -> None:
        await self._ask("DELETE", "/rules", {"topic": topic, "subscription": subscription, "name": name})
        await self.look()

    # The copy in the other region

    async def set_lag(self, lag_s: float) -> None:
        self._told_copy["lag_s"] = lag_s
        await self._ask("PUT", "/copy", self._told_copy)

    @property
    def lag_s(self) -> float:
        return self._told_copy["lag_s"]

    async def go_back_to_copy(self) -> dict[str, int]:
        """Forget what the other region has not got; how many messages are `lost`, and how many come `again`."""
        return dict(await self._ask("POST", "/copy"))


def entity_of(said: dict[str, Any]) -> Entity:
    options = msgspec.convert(said["options"], Options)
    rules = {name: msgspec.convert(each, list[Rule]) for name, each in said.get("rules", {}).items()}
    counts = {name: value for name, value in said.items() if isinstance(value, int)}
    return Entity(said["path"], said["kind"], options, counts, rules)


def connection_string(port: int, rule: str, key: str) -> str:
    """For azure-servicebus as it is: that "emulator" word switches TLS off and keeps the port."""
    return (
        f"Endpoint=sb://{LOOPBACK}:{port};SharedAccessKeyName={rule};SharedAccessKey={key};UseDevelopmentEmulator=true;"
    )


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
