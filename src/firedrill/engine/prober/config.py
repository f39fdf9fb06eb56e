"""What the prober is told, as a file that the runner writes into the run directory."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from firedrill.errors import InvalidFile
from firedrill.model.drill import Burst, InvariantSpec, WatchSpec

INVARIANT = "invariant: "  # goes before the name of an invariant in its samples


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`t0` is the machine's monotonic clock at the run's zero; `ca` a PEM file or nothing; `out` the run directory."""

    run: str
    t0: float
    base_url: str
    out: str
    project_root: str
    watches: tuple[WatchSpec, ...]
    invariants: tuple[InvariantSpec, ...] = ()
    ca: str | None = None
    settings: dict[str, str] = {}
    seed: int = 0


class SeriesSpec(NamedTuple):
    """One watch or invariant over one kind of connection."""

    watch: str
    probe: str
    connection: str
    rate_hz: float
    timeout_s: float
    burst: Burst | None
    control: bool = False


def read_config(path: Path) -> Config:
    """InvalidFile when it cannot be read or does not say what it must."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Config)
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidFile(
            f"this is not a configuration of the prober: {error}",
            where=str(path),
            accepted="the prober.json of a run directory",
            next_step="firedrill run writes it; it is not made by hand",
        ) from error


def all_series(config: Config) -> Iterator[SeriesSpec]:
    """Every series to be asked, in the order of the file. An invariant is asked over kept connections, without bursts."""
    for watch in config.watches:
        for connection in watch.connections:
            burst = None if watch.control else watch.burst
            yield SeriesSpec(watch.name, watch.probe, connection, watch.rate_hz, watch.timeout_s, burst, watch.control)
    for one in config.invariants:
        yield SeriesSpec(INVARIANT + one.name, one.probe, "kept", one.rate_hz, one.timeout_s, None)
