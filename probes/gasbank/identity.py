"""Users who have signed in: their token is from before the fault, and the bank must go on believing it without asking anybody.

And users who have not: they can only wait for the authority.
"""

import asyncio

from firedrill.probes import Answer, Ask, fail, ok
from probes.gasbank.asking import judge, patience

SCOPE = "api://gasbank/.default"
TOKENS: dict[str, str] = {}


async def prepare(ask: Ask) -> None:
    """Sign in, as whoever the environment says (AZURE_CLIENT_ID and so on)."""
    TOKENS[ask.run] = await asyncio.to_thread(sign_in)


def sign_in() -> str:
    from azure.identity import EnvironmentCredential

    with EnvironmentCredential(retry_total=0) as credential:
        return str(credential.get_token(SCOPE).token)


async def signed_in(ask: Ask) -> Answer:
    """A request with the token is let in."""
    return judge(await ask.get("/me", {"Authorization": f"Bearer {TOKENS[ask.run]}", **patience(ask)}))


async def signs_in(ask: Ask) -> Answer:  # noqa: ARG001 - a question asks itself
    """Somebody who has no token gets one. This asks the authority and not the bank: what cannot be had while it is away."""
    from azure.core.exceptions import ClientAuthenticationError

    try:
        await asyncio.to_thread(sign_in)
    except ClientAuthenticationError:
        return fail("not signed in")
    return ok()
