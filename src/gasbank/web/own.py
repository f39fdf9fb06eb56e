"""A shipper acts for itself and reads what is its own. Where no tokens are asked for, everybody is trusted to."""

from fastapi import Request

from gasbank.errors import RefusalError


def shipper_of(request: Request) -> str | None:
    """Who shows the token; None when tokens are not asked for."""
    return getattr(request.state, "shipper", None)


def check_own(request: Request, *parties: str) -> None:
    """Refuse `not-yours` unless the shipper is one of these."""
    shipper = shipper_of(request)
    if shipper is not None and shipper not in parties:
        raise RefusalError("not-yours", f"the token is {shipper!r}'s, who acts and reads for itself only")
