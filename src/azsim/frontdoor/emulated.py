"""What of Front Door the stage stands in for, for the reference page."""

EMULATED = {
    "One entry": "HTTP/1.1 on loopback, with X-Forwarded-For and X-Azure-Ref",
    "Routes": "By the beginning of the path, the longest first, and by method (Azure does that with rule sets)",
    "Origin groups": "One per Kubernetes service, with one origin per region, equal priority and weight: requests alternate",
    "Health probes": "The entry asks one pod per region for the route's ready path twice a second; two failures in a row take the region out, one success brings it back; when no region is fit all are tried",
    "Draining a region": "PATCH enabledState of an origin: no new requests, those under way finish; in effect when the operation ends",
    "Profiles, endpoints, origin groups, origins": "Get and list, as Microsoft.Cdn writes them",
    "Retries": "GET and HEAD move on to the next pod; a POST that a pod may have seen is answered 502 with an unknown outcome and never sent again",
    "Its own view": "Health, pods, requests, errors, last probe per service and region, in `stage status`",
}
NOT_EMULATED = {
    "TLS, custom domains, certificates": "Plain http on loopback",
    "WAF, rule sets, caching, compression, session affinity": "Requests and answers pass as they are, up to 8 MB",
    "Latency-based choice, priorities, weights": "Both regions are equally near; a PATCH of anything but enabledState is refused",
    "Many points of presence": "One entry: what it thinks of a region is the whole truth at once, a change spreads after a delay",
    "Create or delete": "What the stage's routes say is there, and stays",
    "HTTP/2, websockets": "HTTP/1.1 requests",
}
