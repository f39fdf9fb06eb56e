"""How the authority can be taken away, in the words of the other services. Plain facts; the service acts on them."""

import msgspec


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All off is a healthy authority."""

    gone: bool = False  # connections are refused, those that were there are cut
    frozen: bool = False  # requests are taken and answered when it thaws
    unavailable: bool = False  # every answer is 503
    slow_s: float = 0.0  # every answer comes that much later


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What Entra does to its signing keys now and then, unasked. It is not taken back."""

    rotated: bool = False  # a new key signs from now on
