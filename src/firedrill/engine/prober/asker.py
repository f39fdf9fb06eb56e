"""Makes the `Ask` of each call of one series: same client, same random numbers, same run of ids."""

import itertools
from random import Random
from urllib.parse import quote

from firedrill.clock import Clock
from firedrill.engine.prober.config import Config, SeriesSpec
from firedrill.errors import CannotRun
from firedrill.probes import Ask
from firedrill.probes.ask import Journal
from firedrill.probes.wire import Client, Origin, origin


class Asker:
    """`journal` is told of every attempted write before it leaves."""

    def __init__(self, config: Config, spec: SeriesSpec, where: Origin, clock: Clock, journal: Journal) -> None:
        self.config, self.spec, self.clock, self.journal = config, spec, clock, journal
        self.client = Client(where, kept=spec.connection == "kept")
        self.random = Random(f"{config.seed}/{spec.watch}/{spec.connection}")
        self._ids = itertools.count()
        self._id_prefix = f"{id_prefix(config)}{quote(spec.watch, safe='')}-{spec.connection}-"

    def new_ask(self) -> Ask:
        return Ask(
            run=self.config.run,
            watch=self.spec.watch,
            connection=self.spec.connection,
            timeout_s=self.spec.timeout_s,
            settings=self.config.settings,
            random=self.random,
            client=self.client,
            next_id=lambda: f"{self._id_prefix}{next(self._ids)}",
            journal=self.journal,
            now=self.clock.now,
        )


def id_prefix(config: Config) -> str:
    """What every id of this run begins with, the load's too."""
    return f"fd-{config.run}-"


def once(name: str, timeout_s: float) -> SeriesSpec:
    """For what is called once and not on a schedule: preparations and witnesses."""
    return SeriesSpec(name, "", "kept", 1.0, timeout_s, None)


def reach(config: Config) -> Origin:
    """Where the system is; CannotRun when the address or the certificates make no sense."""
    try:
        return origin(config.base_url, config.ca)
    except (ValueError, OSError) as error:
        raise CannotRun(f"cannot speak to {config.base_url}: {error}") from error
