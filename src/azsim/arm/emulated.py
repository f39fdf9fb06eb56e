"""What of Resource Manager itself the stage stands in for, for the reference page."""

EMULATED = {
    "Subscriptions, tenants, resource groups, providers": "One of each, as `az login` and the SDKs ask for them",
    "Resources of the group": "The services' own lists in one: servers, databases, namespaces, accounts, clusters, scale sets, profiles",
    "Permissions of the caller": "At the group and at everything in it: what Contributor and Reader hold, and nothing for who has no role",
    "Long-running operations": "Azure-AsyncOperation, Location and Retry-After; the same request id gets the same operation",
    "Refusals": "401, 403 with the action and the scope, 404, 400 without an api-version; any api-version that is a date is taken",
}
NOT_EMULATED = {
    "Role definitions and assignments, deny assignments, locks, policies": "Two roles that hold for the whole subscription",
    "Deployments, tags, moving and deleting of groups": "The group is there from the start and stays",
    "$filter, $expand and $top of the list of resources": "Ignored: everything is listed",
}
