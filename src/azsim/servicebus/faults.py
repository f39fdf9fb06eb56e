"""What may be wrong with a namespace on purpose. Plain facts; the server and the peers act on them."""

import msgspec


class Trouble(msgspec.Struct, forbid_unknown_fields=True):
    """What the stage's operator may do to a namespace. All off is a healthy one."""

    throttled: bool = False  # sends are answered server-busy
    frozen: bool = False  # connections are taken and nothing is answered
    gone: bool = False  # connections are refused, those that were there are cut
    slow_s: float = 0.0  # everything is read that much later


class Faults(Trouble):
    """The same with what ARM says."""

    denied: bool = False  # the network rules let nobody in
