"""Load balancers: the forwarding rules that make their front, of a region and global ones.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/forwardingRules and
https://cloud.google.com/load-balancing/docs/forwarding-rule-concepts
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.gcp.links import home_of, to_id, to_link
from providers.gcp.moments import to_moment
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.gcp.client import Answer

# By what a forwarding rule leads to.
TYPES: Final = {
    "targetHttpProxies": "application",
    "targetHttpsProxies": "application",
    "targetGrpcProxies": "application",
    "targetTcpProxies": "network",
    "targetSslProxies": "network",
    "targetPools": "network",
    "targetInstances": "network",
    "backendServices": "network",
}


def to_load_balancer(region: str, rule: Answer) -> Resource:
    """Return a forwarding rule as an inventory resource.

    What leads to no load balancer (a VPN gateway, a service of somebody else) has Google's word
    as its type.
    """
    home = home_of(rule["selfLink"])
    target = to_link(rule.get("backendService") or rule.get("target") or "").collection
    scheme = str(rule.get("loadBalancingScheme", "EXTERNAL"))
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.LOAD_BALANCER,
        id=to_id(rule["selfLink"], home),
        name=rule["name"],
        tags=rule.get("labels", {}),
        created_at=to_moment(rule.get("creationTimestamp")),
        attributes={
            "address": rule.get("IPAddress"),
            "dns_name": rule.get("serviceName"),
            "network": to_id(rule["network"], home) if "network" in rule else None,
            "scheme": "internal" if scheme.startswith("INTERNAL") else "internet-facing",
            "type": TYPES.get(target, target) or None,
        },
    )
