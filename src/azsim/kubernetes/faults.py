"""What may go wrong in a cluster that nobody can ask Kubernetes for. Plain facts; the kubelets act on them."""

import msgspec


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing is a healthy cluster."""

    paused: list[str] = []  # pods whose processes are stopped where they are, as a machine that hangs for a while would
