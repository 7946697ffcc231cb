"""Insert and delete of collections that are stored as given and only read by inventory.

These include the parts of load balancers: forwarding rules, target pools, backend services,
URL maps, proxies and health checks.
"""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.gcp.links import scope_link
from skyclust_sandbox.gcp.network_interfaces import free_external_address
from skyclust_sandbox.gcp.operations import require_ready, start_operation
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.resources import (
    new_reference,
    new_resource,
    require_labels,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource, fingerprint

KINDS: Final = {
    "backendServices": "compute#backendService",
    "firewalls": "compute#firewall",
    "forwardingRules": "compute#forwardingRule",
    "healthChecks": "compute#healthCheck",
    "instanceGroups": "compute#instanceGroup",
    "routers": "compute#router",
    "targetHttpProxies": "compute#targetHttpProxy",
    "targetHttpsProxies": "compute#targetHttpsProxy",
    "targetPools": "compute#targetPool",
    "targetTcpProxies": "compute#targetTcpProxy",
    "urlMaps": "compute#urlMap",
}
"""The collections, each with the `kind` of its resources."""

# Path parameters of delete methods that are not the collection's name without its final s.
_PATH_PARAMETERS: Final = {
    "backendServices": "backendService",
    "targetHttpProxies": "targetHttpProxy",
    "targetHttpsProxies": "targetHttpsProxy",
    "targetTcpProxies": "targetTcpProxy",
}
_LABELLED: Final = frozenset({"forwardingRules"})
_WITH_FINGERPRINT: Final = frozenset({"backendServices", "forwardingRules", "urlMaps"})


def insert(context: RequestContext, collection: str) -> Resource:
    """Start the operation that inserts the resource in the body."""
    reference = new_reference(context, collection)
    require_labels(context.body.get("labels", {}))
    resource = new_resource(context.state, reference, KINDS[collection]) | context.body
    if reference.scope != "global":
        key = "zone" if reference.scope.startswith("zones/") else "region"
        resource[key] = scope_link(context.project.name, reference.scope)
    if collection in _WITH_FINGERPRINT:
        resource["fingerprint"] = fingerprint(context.body)
    if collection == "forwardingRules":
        resource.setdefault("IPAddress", free_external_address(context.project))
        resource.setdefault("IPProtocol", "TCP")
        resource.setdefault("loadBalancingScheme", "EXTERNAL")
        resource.setdefault("networkTier", "PREMIUM")
    if collection in _LABELLED:
        with_labels(resource, context.body.get("labels"))
    resources = context.project.collection(collection, reference.scope)
    resources[reference.name] = resource

    def undo() -> None:
        resources.pop(reference.name, None)

    return start_operation(context, "insert", reference, resource["id"], undo=undo)


def delete(context: RequestContext, collection: str) -> Resource:
    """Start the operation that deletes the resource in the path."""
    parameter = _PATH_PARAMETERS.get(collection, collection.removesuffix("s"))
    reference = context.reference(collection, context.path[parameter])
    resource = context.state.get(reference)
    require_ready(context, reference)

    def finish() -> None:
        context.project.collection(collection, reference.scope).pop(reference.name, None)

    return start_operation(context, "delete", reference, resource["id"], finish=finish)
