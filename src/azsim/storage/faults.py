"""What may be wrong with a blob service on purpose. Plain facts; the server acts on them."""

import msgspec


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All off is a healthy service."""

    gone: bool = False  # connections are refused, those that were there are cut
    frozen: bool = False  # requests are taken and nothing is answered
    slow_s: float = 0.0  # everything is answered that much later
