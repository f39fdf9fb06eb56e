"""What of Compute and Resource Graph the stage stands in for, for the reference page."""

EMULATED = {
    "Two scale sets": "The nodes of both clusters, three instances each, in zones 1 to 3: list, get, instance views",
    "restart, powerOff, deallocate, start": "Per instance, per machine, and on a set with instanceIds or on all of it; what runs on a machine is gone when the operation begins",
    "Power states": "running, stopping, stopped, deallocating, deallocated, starting, one change at a time per machine",
    "Virtual machines": "The same machines once more by themselves, so that chaosazure's machine actions have something to act on (Azure shows instances of a uniform scale set only below the set)",
    "Managed clusters": "List and get, with nodeResourceGroup",
    "Resource Graph": "Resources | where, sample, take, limit, project over machines, scale sets and clusters, as objects or as a table",
    "Long-running operations": "202 with Azure-AsyncOperation, Location and Retry-After; the same request id gets the same operation",
}
NOT_EMULATED = {
    "Run command, extensions, disks, networks, images": "Answered 501: chaosazure's stress, fill and latency actions do not work",
    "Create, delete, scale, reimage, redeploy": "Machines are there from the start and stay",
    "Resource Graph's other words": "A query with an operator, function or type of resource that is not listed is refused, never answered with nothing",
    "Resource groups of nodes": "Both clusters' nodes live in the one resource group: chaosazure's AKS node actions, which take all nodes of a group, reach both regions",
    "Cluster start, stop, upgrade": "Kubernetes is there from the start and stays",
    "How long Azure takes": "The azure profile's figures for Compute are guesses of the right size",
}
