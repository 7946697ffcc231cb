"""Conversion of load balancers of both generations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from providers.aws.load_balancers import (
    ClassicLoadBalancer,
    LoadBalancer,
    to_classic_load_balancer,
    to_load_balancer,
)

REGION = "eu-west-1"
AT = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
TAGS = [{"Key": "Name", "Value": "shop"}, {"Key": "team", "Value": "a"}]


def test_a_load_balancer() -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c49"
    described: Any = {
        "LoadBalancerArn": arn,
        "LoadBalancerName": "shop",
        "DNSName": "shop-1.eu-west-1.elb.amazonaws.com",
        "CreatedTime": AT,
        "Scheme": "internet-facing",
        "VpcId": "vpc-1",
        "State": {"Code": "active_impaired"},
        "Type": "application",
        "AvailabilityZones": [{"ZoneName": "eu-west-1b"}, {"ZoneName": "eu-west-1a"}],
        "SecurityGroups": ["sg-2", "sg-1"],
    }
    balancer = to_load_balancer(REGION, LoadBalancer(described, {"team": "a"}))
    assert (balancer.id, balancer.name, balancer.created_at) == (arn, "shop", AT)
    assert (balancer.state, balancer.native_state) == ("degraded", "active_impaired")
    assert balancer.tags == {"team": "a"}
    assert balancer.attributes == {
        "dns_name": "shop-1.eu-west-1.elb.amazonaws.com",
        "firewalls": ["sg-1", "sg-2"],
        "network": "vpc-1",
        "scheme": "internet-facing",
        "type": "application",
        "zones": ["eu-west-1a", "eu-west-1b"],
    }


def test_a_classic_load_balancer_has_the_same_attributes_and_no_state() -> None:
    described: Any = {
        "LoadBalancerName": "old",
        "DNSName": "old-1.eu-west-1.elb.amazonaws.com",
        "CreatedTime": AT,
        "Scheme": "internal",
        "VPCId": "vpc-1",
        "AvailabilityZones": ["eu-west-1b", "eu-west-1a"],
        "SecurityGroups": [],
    }
    balancer = to_classic_load_balancer(REGION, ClassicLoadBalancer(described, {}))
    assert (balancer.id, balancer.state, balancer.native_state) == ("old", None, None)
    assert balancer.attributes == {
        "dns_name": "old-1.eu-west-1.elb.amazonaws.com",
        "firewalls": [],
        "network": "vpc-1",
        "scheme": "internal",
        "type": "classic",
        "zones": ["eu-west-1a", "eu-west-1b"],
    }
