"""Load balancers: Application, Network and Gateway ones (elbv2), and Classic ones (elb).

Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html and
https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/Welcome.html.
Neither service lists tags with its load balancers: the tags of each page are read separately.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from providers.aws.paging import get_pages
from providers.aws.tags import to_tags
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from mypy_boto3_elb import ElasticLoadBalancingClient
    from mypy_boto3_elb.type_defs import LoadBalancerDescriptionTypeDef
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import LoadBalancerTypeDef

    from providers.aws.client import AwsClients

TAGGED_AT_ONCE: Final = 20
"""How many load balancers DescribeTags of both services accepts at most."""

STATES: Final = {
    "provisioning": ResourceState.PENDING,
    "active": ResourceState.AVAILABLE,
    "active_impaired": ResourceState.DEGRADED,
    "failed": ResourceState.ERROR,
}


class LoadBalancer(NamedTuple):
    """A load balancer of elbv2 and its tags."""

    described: LoadBalancerTypeDef
    tags: dict[str, str]


class ClassicLoadBalancer(NamedTuple):
    """A Classic Load Balancer and its tags."""

    described: LoadBalancerDescriptionTypeDef
    tags: dict[str, str]


def get_load_balancers(
    clients: AwsClients, region: str, page_size: int
) -> Iterator[Sequence[LoadBalancer]]:
    """Yield the load balancers of elbv2 in a region, page by page."""
    elbv2 = clients.elbv2(region)
    size = {"PageSize": page_size}
    for page in get_pages(elbv2, "describe_load_balancers", "LoadBalancers", PaginationConfig=size):
        arns = [balancer["LoadBalancerArn"] for balancer in page if "LoadBalancerArn" in balancer]
        tags = _tags_by_arn(elbv2, arns)
        # A load balancer without an ARN has no tags, but was not deleted meanwhile.
        yield [
            LoadBalancer(balancer, tags.get(balancer.get("LoadBalancerArn", ""), {}))
            for balancer in page
            if balancer.get("LoadBalancerArn") in {None, *tags}
        ]


def get_classic_load_balancers(
    clients: AwsClients, region: str, page_size: int
) -> Iterator[Sequence[ClassicLoadBalancer]]:
    """Yield the Classic Load Balancers of a region, page by page."""
    elb = clients.elb(region)
    size = {"PageSize": page_size}
    for page in get_pages(
        elb, "describe_load_balancers", "LoadBalancerDescriptions", PaginationConfig=size
    ):
        names = [b["LoadBalancerName"] for b in page if "LoadBalancerName" in b]
        tags = _tags_by_name(elb, names)
        yield [
            ClassicLoadBalancer(balancer, tags.get(balancer.get("LoadBalancerName", ""), {}))
            for balancer in page
            if balancer.get("LoadBalancerName") in {None, *tags}
        ]


def _tags_by_arn(
    elbv2: ElasticLoadBalancingv2Client, arns: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return the tags of each load balancer that still exists."""
    if len(arns) > TAGGED_AT_ONCE:
        rest = _tags_by_arn(elbv2, arns[TAGGED_AT_ONCE:])
        return _tags_by_arn(elbv2, arns[:TAGGED_AT_ONCE]) | rest
    if not arns:
        return {}
    try:
        reply = elbv2.describe_tags(ResourceArns=arns)
    except elbv2.exceptions.LoadBalancerNotFoundException:
        # One was deleted since it was listed, and AWS refuses all: request each half.
        half = len(arns) // 2
        if half == 0:
            return {}
        return _tags_by_arn(elbv2, arns[:half]) | _tags_by_arn(elbv2, arns[half:])
    return {
        described["ResourceArn"]: to_tags(described.get("Tags"))
        for described in reply["TagDescriptions"]
    }


def _tags_by_name(
    elb: ElasticLoadBalancingClient, names: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return the tags of each Classic Load Balancer that still exists."""
    if len(names) > TAGGED_AT_ONCE:
        rest = _tags_by_name(elb, names[TAGGED_AT_ONCE:])
        return _tags_by_name(elb, names[:TAGGED_AT_ONCE]) | rest
    if not names:
        return {}
    try:
        reply = elb.describe_tags(LoadBalancerNames=names)
    except elb.exceptions.AccessPointNotFoundException:
        half = len(names) // 2
        if half == 0:
            return {}
        return _tags_by_name(elb, names[:half]) | _tags_by_name(elb, names[half:])
    return {
        described["LoadBalancerName"]: to_tags(described.get("Tags"))
        for described in reply["TagDescriptions"]
    }


def to_load_balancer(region: str, balancer: LoadBalancer) -> Resource:
    """Return a load balancer of elbv2 as an inventory resource; its id is its ARN."""
    described = balancer.described
    zones = described.get("AvailabilityZones") or ()
    native_state = (described.get("State") or {}).get("Code")
    state = STATES.get(native_state, ResourceState.UPDATING) if native_state else None
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.LOAD_BALANCER,
        id=described["LoadBalancerArn"],
        name=described.get("LoadBalancerName") or "",
        state=state,
        native_state=native_state,
        tags=balancer.tags,
        created_at=_in_utc(described.get("CreatedTime")),
        attributes={
            "dns_name": described.get("DNSName"),
            "firewalls": sorted(described.get("SecurityGroups") or ()),
            "network": described.get("VpcId"),
            "scheme": described.get("Scheme"),
            "type": described.get("Type"),
            "zones": sorted(zone["ZoneName"] for zone in zones if zone.get("ZoneName")),
        },
    )


def to_classic_load_balancer(region: str, balancer: ClassicLoadBalancer) -> Resource:
    """Return a Classic Load Balancer as an inventory resource; its id is its name.

    It has no state of its own.
    """
    described = balancer.described
    return Resource(
        provider="aws",
        region=region,
        kind=ResourceKind.LOAD_BALANCER,
        id=described["LoadBalancerName"],
        name=described["LoadBalancerName"],
        tags=balancer.tags,
        created_at=_in_utc(described.get("CreatedTime")),
        attributes={
            "dns_name": described.get("DNSName"),
            "firewalls": sorted(described.get("SecurityGroups") or ()),
            "network": described.get("VPCId"),
            "scheme": described.get("Scheme"),
            "type": "classic",
            "zones": sorted(described.get("AvailabilityZones") or ()),
        },
    )


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
