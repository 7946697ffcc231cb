"""Load balancers: the forwarding rules that make their front, of a region and global ones.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/forwardingRules and
https://cloud.google.com/load-balancing/docs/forwarding-rule-concepts
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.links import ending, id_in, id_of, name_of, own_link, to_link
from providers.gcp.timestamps import moment_of
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

# https://cloud.google.com/vpc/docs/private-service-connect: an endpoint leads to the service of
# another project or to a bundle of Google's APIs, has an address of the own network, and its
# loadBalancingScheme is empty.
ENDPOINT: Final = "private-service-connect"
_BUNDLES: Final = frozenset({"all-apis", "vpc-sc"})
_SERVICES: Final = "serviceAttachments"


def to_load_balancer(region: str, rule: Answer) -> Resource:
    """Return a forwarding rule as an inventory resource.

    What leads to no load balancer (a VPN gateway, a service of somebody else) has Google's word
    as its type.
    """
    link = own_link(rule)
    kind = _type(rule)
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.LOAD_BALANCER,
        id=id_of(link),
        name=name_of(rule, link),
        tags=fields.labels(rule),
        created_at=moment_of(rule, "creationTimestamp"),
        attributes={
            "address": fields.text(rule, "IPAddress"),
            "dns_name": fields.text(rule, "serviceName"),
            "network": id_in(rule, "network", link.project),
            "scheme": "internal" if kind == ENDPOINT else _scheme(rule),
            "type": kind,
        },
    )


def _type(rule: Answer) -> str | None:
    target = fields.text(rule, "target")
    led_to = to_link(fields.text(rule, "backendService") or target or "").collection
    is_endpoint = fields.number(rule, "pscConnectionId") is not None
    if is_endpoint or led_to == _SERVICES or ending(target or "") in _BUNDLES:
        return ENDPOINT
    return TYPES.get(led_to, led_to) or None


def _scheme(rule: Answer) -> str | None:
    """Return who reaches a rule, None when its scheme tells neither.

    EXTERNAL, EXTERNAL_MANAGED and EXTERNAL_PASSTHROUGH face the internet; INTERNAL,
    INTERNAL_MANAGED and INTERNAL_SELF_MANAGED do not.
    """
    scheme = fields.text(rule, "loadBalancingScheme") or ""
    if scheme.startswith("EXTERNAL"):
        return "internet-facing"
    return "internal" if scheme.startswith("INTERNAL") else None
