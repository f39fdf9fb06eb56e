"""The bank's settings: environment variables, read once at the start, refused with a sentence when they make no sense."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from gasbank.errors import BadSettingError
from gasbank.mistakes import Habits, habits

T = TypeVar("T")
SignIn = Literal["required", "offered"]


@dataclass(frozen=True)
class Settings:
    """`sql_*`: postgresql:// addresses of the two listeners (never of a server). `bus_*`, `blob_*`: connection strings of the
    two buses and of the two blob accounts; `bus_*_listen`: with a key that may receive, where that of `bus_*` may only send.
    `jwks`: file or https address of the keys that tokens are signed with, and `authority` who must have issued them. What is
    not given is "". `sign_in`: with `jwks`, whether everybody must show a token, or may (then /me asks for one, and nothing else does).
    `deadline_s`: see Patience. `lease_s`: how long a leader leads without asking again.
    """

    port: int
    region: str
    instance: str
    sql_read_write: str
    sql_read_only: str
    habits: Habits
    deadline_s: float
    host: str = "127.0.0.1"
    bus_a: str = ""
    bus_b: str = ""
    blob_1: str = ""
    blob_2: str = ""
    jwks: str = ""
    authority: str = ""
    bus_a_listen: str = ""
    bus_b_listen: str = ""
    lease_s: float = 3.0
    sign_in: SignIn = "required"


def settings(environment: Mapping[str, str], *, copy_needed: bool = True) -> Settings:
    """Settings from the environment; raises BadSettingError. `copy_needed`: SQL_READ_ONLY must be given."""
    port = convert(environment, "PORT", "8080", read_port, "a number from 1 to 65535")
    copy = copy_needed or bool(environment.get("SQL_READ_ONLY"))
    return Settings(
        port=port,
        region=environment.get("REGION", ""),
        instance=environment.get("INSTANCE", "") or f"bank-{port}",
        sql_read_write=sql_address(environment, "SQL_READ_WRITE"),
        sql_read_only=sql_address(environment, "SQL_READ_ONLY") if copy else "",
        habits=habits(environment.get("MISTAKE", "")),
        deadline_s=convert(environment, "GASBANK_DEADLINE", "60s", read_seconds, "seconds: 60s, 2.5s"),
        host=environment.get("HOST", "") or "127.0.0.1",
        bus_a=bus(environment, "BUS_A"),
        bus_b=bus(environment, "BUS_B"),
        blob_1=blob(environment, "BLOB_1"),
        blob_2=blob(environment, "BLOB_2"),
        jwks=environment.get("JWKS", ""),
        authority=environment.get("AUTHORITY", ""),
        bus_a_listen=bus(environment, "BUS_A_LISTEN"),
        bus_b_listen=bus(environment, "BUS_B_LISTEN"),
        lease_s=convert(environment, "GASBANK_LEASE", "3s", read_seconds, "seconds: 3s, 0.5s"),
        sign_in=convert(environment, "SIGN_IN", "required", read_sign_in, "required or offered"),
    )


def sql_address(environment: Mapping[str, str], name: str) -> str:
    """An address that names user, host, port and database."""
    accepted = "postgresql://user:password@host:port/gasbank"
    address = convert(environment, name, "", read_address, accepted)
    parts = urlsplit(address)
    return parts._replace(scheme="postgresql").geturl()


def bus(environment: Mapping[str, str], name: str) -> str:
    return connection_string(environment, name, "Endpoint=sb://NAMESPACE/;SharedAccessKeyName=...;SharedAccessKey=...")


def blob(environment: Mapping[str, str], name: str) -> str:
    return connection_string(environment, name, "AccountName=...;AccountKey=...;BlobEndpoint=https://...")


def connection_string(environment: Mapping[str, str], name: str, accepted: str) -> str:
    """Azure's name=value;name=value, with the first name of `accepted` in it; "" when it is not given."""
    text = environment.get(name, "")
    if text and f"{accepted.partition('=')[0]}=" not in text:
        raise BadSettingError(f"{name} is not usable; it takes a connection string: {accepted}")
    return text


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


def read_sign_in(text: str) -> SignIn:
    if text == "offered":
        return "offered"
    if text == "required":
        return "required"
    raise ValueError(text)


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
