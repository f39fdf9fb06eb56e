"""What may be wrong with a name of the group, or with a server, on purpose: what happens to customers and nobody can ask Azure for.

Only clients meet it. Replication goes on, and so does what was asked of the management API.
"""

from typing import TYPE_CHECKING, Any

import msgspec

from azsim.errors import StageError

if TYPE_CHECKING:
    from azsim.sql.pair import Pair


class NameFaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a listener's name. All off is a healthy one."""

    gone: bool = False  # connections are reset as soon as they are made, those that were there are cut
    frozen: bool = False  # connections are taken and nothing is passed on until it thaws


class ServerFaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a server, whatever name leads to it. All off is a healthy one."""

    refusing: bool = False  # logins are answered with error 40613, those that were there are cut
    frozen: bool = False  # as for a name


HEALTHY_NAME, HEALTHY_SERVER = NameFaults(), ServerFaults()


def now(pair: "Pair") -> dict[str, dict[str, Any]]:
    """By listener and server: every fault with its value now."""
    names = {each.name: each.faults for each in (pair.read_write, pair.read_only)}
    servers = {each.name: each.backend.faults for each in pair.servers.values()}
    return {name: msgspec.to_builtins(faults) for name, faults in {**names, **servers}.items()}


def suffer(pair: "Pair", name: str, wanted: dict[str, Any]) -> None:
    """Be as `wanted` says from now on; {} mends everything. StageError names what is accepted."""
    listener = next((each for each in (pair.read_write, pair.read_only) if each.name == name), None)
    server = pair.servers.get(name)
    try:
        if listener is not None:
            listener.suffer(msgspec.convert(wanted, NameFaults))
        elif server is not None:
            pair.suffer(server, msgspec.convert(wanted, ServerFaults))
        else:
            raise StageError(f"no name or server of SQL is called {name!r}", f"use one of: {', '.join(now(pair))}")
    except msgspec.ValidationError as error:
        raise StageError(f"faults of {name}: {error}", f"accepted keys: {', '.join(now(pair)[name])}") from error
