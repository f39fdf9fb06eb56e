"""Users who have signed in: their token is from before the fault, and the bank must go on believing it without asking anybody."""

import asyncio

from firedrill.probes import Answer, Ask
from probes.gasbank.asking import judge, patience

SCOPE = "api://gasbank/.default"
TOKENS: dict[str, str] = {}


async def prepare(ask: Ask) -> None:
    """Sign in, as whoever the environment says (AZURE_CLIENT_ID and so on)."""
    TOKENS[ask.run] = await asyncio.to_thread(sign_in)


def sign_in() -> str:
    from azure.identity import EnvironmentCredential

    with EnvironmentCredential() as credential:
        return str(credential.get_token(SCOPE).token)


async def signed_in(ask: Ask) -> Answer:
    """A request with the token is let in."""
    return judge(await ask.get("/me", {"Authorization": f"Bearer {TOKENS[ask.run]}", **patience(ask)}))
