"""A shipper acts for itself and reads what is its own. Where no tokens are asked for, everybody is trusted to.

Its own are the party that is named like the shipper (`appid`, `azp` or `sub` of its token), and those that an application role of the token
names: `account:NAME`. What concerns everybody (/audit) is for the role `auditor`, which moves nothing.
"""

from fastapi import Request

from gasbank.errors import RefusalError

AUDITOR = "auditor"
ACCOUNT_ROLE = "account:"
FOR_AUDITORS = "/audit/"
NAMES_A_PARTY = ("account", "party")


def shipper_of(request: Request) -> str | None:
    """Who shows the token; None when tokens are not asked for."""
    return getattr(request.state, "shipper", None)


def roles_of(request: Request) -> frozenset[str]:
    return getattr(request.state, "roles", frozenset())


def check_own(request: Request, *parties: str) -> None:
    """Refuse `not-yours` unless one of these is the shipper's own."""
    shipper = shipper_of(request)
    if shipper is None or shipper in parties:
        return
    if roles_of(request).isdisjoint(ACCOUNT_ROLE + party for party in parties):
        raise RefusalError("not-yours", f"the token is {shipper!r}'s, who acts and reads for itself only")


async def own_path(request: Request) -> None:
    """A dependency of all routes, after the token's: whatever a route does, its path names the shipper's own, or nobody."""
    for name in NAMES_A_PARTY:
        if name in request.path_params:
            check_own(request, request.path_params[name])
    if (
        request.url.path.startswith(FOR_AUDITORS)
        and shipper_of(request) is not None
        and AUDITOR not in roles_of(request)
    ):
        raise RefusalError("not-an-auditor", f"{request.url.path} is for tokens with the role {AUDITOR!r}")
