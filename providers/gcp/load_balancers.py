"""Load balancers: their forwarding rules, regional and global.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/forwardingRules and
https://cloud.google.com/load-balancing/docs/forwarding-rule-concepts
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.links import id_in, id_of, last_segment, name_of, parse_link, self_link
from providers.gcp.timestamps import timestamp_of
from skyclust.model.resource import Resource, ResourceKind

if TYPE_CHECKING:
    from providers.gcp.client import JsonObject

# By the collection of the target of a forwarding rule.
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

# https://cloud.google.com/vpc/docs/private-service-connect: the target of an endpoint is a service
# attachment of another project or a bundle of Google's APIs. It has an address of the consumer's
# network, and its loadBalancingScheme is empty.
PSC_ENDPOINT: Final = "private-service-connect"
_API_BUNDLES: Final = frozenset({"all-apis", "vpc-sc"})
_SERVICE_ATTACHMENTS: Final = "serviceAttachments"


def to_load_balancer(region: str, rule: JsonObject) -> Resource:
    """Return a forwarding rule as an inventory resource.

    The type of a rule whose target is not a load balancer, such as a VPN gateway, is the
    collection of the target.
    """
    link = self_link(rule)
    rule_type = _type(rule)
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.LOAD_BALANCER,
        id=id_of(link),
        name=name_of(rule, link),
        tags=fields.labels(rule),
        created_at=timestamp_of(rule, "creationTimestamp"),
        attributes={
            "address": fields.text(rule, "IPAddress"),
            "dns_name": fields.text(rule, "serviceName"),
            "network": id_in(rule, "network", link.project),
            "scheme": "internal" if rule_type == PSC_ENDPOINT else _scheme(rule),
            "type": rule_type,
        },
    )


def _type(rule: JsonObject) -> str | None:
    target = fields.text(rule, "target")
    collection = parse_link(fields.text(rule, "backendService") or target or "").collection
    is_endpoint = fields.integer(rule, "pscConnectionId") is not None
    if (
        is_endpoint
        or collection == _SERVICE_ATTACHMENTS
        or last_segment(target or "") in _API_BUNDLES
    ):
        return PSC_ENDPOINT
    return TYPES.get(collection, collection) or None


def _scheme(rule: JsonObject) -> str | None:
    """Return whether a rule is internal or internet-facing, None for any other scheme.

    EXTERNAL, EXTERNAL_MANAGED and EXTERNAL_PASSTHROUGH face the internet; INTERNAL,
    INTERNAL_MANAGED and INTERNAL_SELF_MANAGED do not.
    """
    scheme = fields.text(rule, "loadBalancingScheme") or ""
    if scheme.startswith("EXTERNAL"):
        return "internet-facing"
    return "internal" if scheme.startswith("INTERNAL") else None
