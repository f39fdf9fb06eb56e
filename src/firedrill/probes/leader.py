"""Who leads, by what the system itself says: a Lease of its cluster, or a page of its own.

Chaos Toolkit probes, and what `kill_leader` and `pause_leader` ask. The answer is a list of names of pods: nobody may lead, and
when two do that is for the caller to judge. A function of your own that answers like these will do as well.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.request import urlopen

from firedrill.clock import utc_now
from firedrill.probes.kubernetes import api_client

__all__ = ["of_lease", "on_page"]

ANSWER_WITHIN_S = 10.0


def of_lease(context: str, namespace: str, lease: str) -> list[str]:
    """Who holds a Lease of coordination.k8s.io, which operators and most controllers elect by; nobody when it ran out.

    A holder is called POD or POD_SOMETHING, as client-go does it.
    """
    from kubernetes.client import CoordinationV1Api

    spec = CoordinationV1Api(api_client(context)).read_namespaced_lease(lease, namespace).spec
    if not spec.holder_identity or spec.renew_time is None:
        return []
    until = spec.renew_time + timedelta(seconds=spec.lease_duration_seconds or 0)
    return [spec.holder_identity.partition("_")[0]] if utc_now() < until else []


def on_page(url: str, which: dict[str, Any], holder: str = "holder") -> list[str]:
    """Who leads by a JSON page that lists it: of the entries that say all of `which`, the first word of `holder`.

    The page is a list of objects, or an object with such a list in it. OSError when it cannot be had.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url!r} is no address of a page")
    with urlopen(url, timeout=ANSWER_WITHIN_S) as answer:  # noqa: S310 - http or https, see above
        said = json.load(answer)
    listed = said if isinstance(said, list) else next(one for one in said.values() if isinstance(one, list))
    return sorted({str(entry[holder]).split()[0] for entry in listed if which.items() <= entry.items()})
