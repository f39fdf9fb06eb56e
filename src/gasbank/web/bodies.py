"""What may be in a request. Anything else is refused with the field's name; unknown fields are refused too."""

import re
from typing import Annotated

from fastapi import Header, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

ACCOUNT = r"^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,99}$"
TEXT = r"^[^\x00-\x1f\x7f]*$"
KEY = re.compile(r"[\x21-\x7e]{1,200}")
WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6}(?:\.\d{1,6})?)\"?\s*(?:$|[,;])", re.IGNORECASE)
BIG = 2**63 - 1

Account = Annotated[str, Field(pattern=ACCOUNT, description="letters, digits and . _ : @ + -, up to 100")]
Kwh = Annotated[int, Field(strict=True, ge=-BIG, le=BIG, description="whole kWh, from 1")]

AccountPath = Annotated[str, Path(pattern=ACCOUNT)]
After = Annotated[int, Query(ge=0, le=BIG)]
Limit = Annotated[int, Query(ge=1, le=1000)]
KeyPath = Annotated[str, Path(pattern=r"^[\x21-\x7e]{1,200}$")]
KeyText = Annotated[str, Query(max_length=200, pattern=TEXT)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenAccountBody(Body):
    account: Account
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=TEXT)]


class AmountBody(Body):
    account: Account
    kwh: Kwh


class FlowBody(AmountBody):
    """`hour`: the start of the hour in which the gas flows, in UTC, like 2026-11-23T06:00:00Z."""

    hour: Annotated[str, Field(max_length=20)]


class TransferBody(Body):
    source: Annotated[Account, Field(alias="from")]
    target: Annotated[Account, Field(alias="to")]
    kwh: Kwh


async def idempotency_key(idempotency_key: Annotated[str | None, Header()] = None) -> str:
    """The key under which a command counts once."""
    if idempotency_key is None or not KEY.fullmatch(idempotency_key):
        raise HTTPException(
            400,
            "send the header Idempotency-Key: 1 to 200 visible ASCII characters, new for each command, the same when you repeat it",
        )
    return idempotency_key


async def wish(prefer: Annotated[str | None, Header()] = None) -> float | None:
    """Seconds that the client is willing to wait (`Prefer: wait=2`, RFC 7240); what cannot be read is ignored, as it says."""
    found = WAIT.search(prefer or "")
    return float(found[1]) if found else None
