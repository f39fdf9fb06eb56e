"""`python -m azsim.storage --config FILE`: one copy of one account. Started and steered by the stage."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from aiohttp import web

from azsim import clock
from azsim.net import LOOPBACK
from azsim.storage.access import Access
from azsim.storage.admin import Admin
from azsim.storage.copy import DATA, Copy
from azsim.storage.server import Endpoint, Server, Side
from azsim.storage.store import Store


class Config(msgspec.Struct, frozen=True):
    """What the stage writes into FILE; what may change is in the orders, in `folder`."""

    name: str
    account: str
    folder: str
    admin_port: int
    admin_token: str
    peer_token: str
    primary: tuple[int, int]  # ports without and with TLS
    secondary: tuple[int, int]
    server_pem: str
    keys: str
    tenant: str


def log(event: str, **data: Any) -> None:
    print(clock.azure_time(clock.utc()), event, data, file=sys.stderr, flush=True)


def microseconds() -> int:
    return round(clock.utc().timestamp() * 1e6)


def make_copy(config: Config) -> Copy:
    folder = Path(config.folder)
    store = Store(folder / DATA, microseconds)
    access = Access(config.account, (), Path(config.keys), lambda: store.now_s)
    server = Server(store, access, Path(config.server_pem), config.tenant, log)
    endpoints: dict[Side, Endpoint] = {"primary": Endpoint(*config.primary), "secondary": Endpoint(*config.secondary)}
    return Copy(folder, store, server, endpoints, config.peer_token, log)


async def serve(config: Config) -> None:
    copy = make_copy(config)
    await copy.start()
    app = Admin(copy, config.admin_token, config.peer_token).make_app()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, config.admin_port).start()
    stopping = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stopping.set)
    await stopping.wait()
    await runner.cleanup()
    await copy.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m azsim.storage", description="One copy of a storage account.")
    parser.add_argument("--config", type=Path, required=True, help="a JSON file, written by the stage")
    config = msgspec.json.decode(parser.parse_args().config.read_bytes(), type=Config)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(config))


if __name__ == "__main__":
    main()
