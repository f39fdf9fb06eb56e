"""`python -m azsim.servicebus --config FILE`: one namespace. Started and steered by the stage."""

import argparse
import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from aiohttp import web

from azsim.identity.offline import Verifier
from azsim.net import LOOPBACK
from azsim.servicebus.access import Access, KeyRule
from azsim.servicebus.admin import Admin
from azsim.servicebus.broker.copy import Lag
from azsim.servicebus.broker.namespace import Namespace
from azsim.servicebus.faults import Faults
from azsim.servicebus.server import Server


class Config(msgspec.Struct, frozen=True):
    """What the stage writes into FILE."""

    name: str
    folder: str
    admin_port: int
    admin_token: str
    port: int
    tls_port: int
    server_pem: str
    keys: str
    rules: list[KeyRule]
    faults: Faults = msgspec.field(default_factory=Faults)
    copy: Lag = Lag()
    durable: bool = True  # off only to measure what durability costs


def log(event: str, **data: Any) -> None:
    print(event, data, file=sys.stderr, flush=True)


async def serve(config: Config) -> None:
    namespace = Namespace(Path(config.folder) / "journal", time.time, durable=config.durable)
    namespace.copy.lag_s = config.copy.lag_s
    namespace.open()
    access = Access(config.rules, Verifier(Path(config.keys)), time.time)
    server = Server(config.name, namespace, access, (config.port, config.tls_port), log)
    await server.start(Path(config.server_pem), config.faults)
    runner = web.AppRunner(Admin(server, config.admin_token).make_app(), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, config.admin_port).start()
    stopping = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stopping.set)
    await stopping.wait()
    await server.stop()
    await runner.cleanup()
    namespace.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m azsim.servicebus", description="A Service Bus namespace.")
    parser.add_argument("--config", type=Path, required=True, help="a JSON file, written by the stage")
    config = msgspec.json.decode(parser.parse_args().config.read_bytes(), type=Config)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(config))


if __name__ == "__main__":
    main()
