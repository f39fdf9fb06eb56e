"""The bank's settings: environment variables, read once at the start, refused with a sentence when they make no sense."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from gasbank.errors import BadSettingError
from gasbank.mistakes import Habits, habits

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """`sql_*`: postgresql:// addresses of the two listeners (never of a server). `deadline_s`: see Patience."""

    port: int
    region: str
    instance: str
    sql_read_write: str
    sql_read_only: str
    habits: Habits
    deadline_s: float


def settings(environment: Mapping[str, str]) -> Settings:
    """Settings from the environment; raises BadSettingError."""
    port = convert(environment, "PORT", "8000", read_port, "a number from 1 to 65535")
    read_write = sql_address(environment, "SQL_READ_WRITE")
    return Settings(
        port=port,
        region=environment.get("REGION", ""),
        instance=environment.get("INSTANCE", "") or f"bank-{port}",
        sql_read_write=read_write,
        sql_read_only=sql_address(environment, "SQL_READ_ONLY"),
        habits=habits(environment.get("MISTAKE", "")),
        deadline_s=convert(environment, "GASBANK_DEADLINE", "60s", read_seconds, "seconds: 60s, 2.5s"),
    )


def sql_address(environment: Mapping[str, str], name: str) -> str:
    """An address that names user, host, port and database."""
    accepted = "postgresql://user:password@host:port/gasbank"
    address = convert(environment, name, "", read_address, accepted)
    parts = urlsplit(address)
    return parts._replace(scheme="postgresql").geturl()


def convert(environment: Mapping[str, str], name: str, default: str, read: Callable[[str], T], accepted: str) -> T:
    text = environment.get(name, "") or default
    try:
        return read(text)
    except ValueError:
        shown = "is not set" if not text else "is not usable" if "://" in text else f"is {text!r}"
        raise BadSettingError(f"{name} {shown}; it takes {accepted}") from None


def read_port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError(text)
    return port


def read_seconds(text: str) -> float:
    seconds = float(text.removesuffix("s"))
    if not 0 < seconds <= 3600:
        raise ValueError(text)
    return seconds


def read_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("postgresql", "postgres") or not (parts.hostname and parts.port and parts.path.strip("/")):
        raise ValueError(text)
    return text
