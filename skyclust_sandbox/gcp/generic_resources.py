"""Resources that nothing but inventory asks for: kept as they are given.

Load balancers are made of them: forwarding rules, target pools, backend services and what
stands between.
"""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.gcp.links import scope_link
from skyclust_sandbox.gcp.network_interfaces import free_public_address
from skyclust_sandbox.gcp.operations import begin, require_idle
from skyclust_sandbox.gcp.resources import (
    new_resource,
    require_labels,
    require_new,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource
from skyclust_sandbox.gcp.state import Work, fingerprint

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
"""The collections, and the kind of what is in each."""

# The parameter in the path of a delete, where it is not the collection's name without its s.
_SINGULAR: Final = {
    "backendServices": "backendService",
    "targetHttpProxies": "targetHttpProxy",
    "targetHttpsProxies": "targetHttpsProxy",
    "targetTcpProxies": "targetTcpProxy",
}
_LABELLED: Final = frozenset({"forwardingRules"})
_WITH_FINGERPRINT: Final = frozenset({"backendServices", "forwardingRules", "urlMaps"})


def insert(work: Work, collection: str) -> Resource:
    """Put a resource there as its body says."""
    where = require_new(work, collection)
    require_labels(work.body.get("labels", {}))
    resource = new_resource(work.world, where, KINDS[collection]) | work.body
    if where.scope != "global":
        key = "zone" if where.scope.startswith("zones/") else "region"
        resource[key] = scope_link(work.project.name, where.scope)
    if collection in _WITH_FINGERPRINT:
        resource["fingerprint"] = fingerprint(work.body)
    if collection == "forwardingRules":
        resource.setdefault("IPAddress", free_public_address(work.project))
        resource.setdefault("IPProtocol", "TCP")
        resource.setdefault("loadBalancingScheme", "EXTERNAL")
        resource.setdefault("networkTier", "PREMIUM")
    if collection in _LABELLED:
        with_labels(resource, work.body.get("labels"))
    shelf = work.project.shelf(collection, where.scope)
    shelf[where.name] = resource

    def undo() -> None:
        shelf.pop(where.name, None)

    return begin(work, "insert", where, resource["id"], undo=undo)


def delete(work: Work, collection: str) -> Resource:
    """Take a resource away."""
    named = _SINGULAR.get(collection, collection.removesuffix("s"))
    where = work.reference(collection, work.path[named])
    resource = work.world.get(where)
    require_idle(work, where)

    def finish() -> None:
        work.project.shelf(collection, where.scope).pop(where.name, None)

    return begin(work, "delete", where, resource["id"], finish=finish)
