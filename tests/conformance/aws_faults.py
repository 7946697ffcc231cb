"""The calls and fields of the sandbox AWS that faults affect in the conformance suite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from skyclust.conformance import Failure
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.faults import FaultKind

CHANGES: Final = (
    "StartInstances",
    "StopInstances",
    "RebootInstances",
    "TerminateInstances",
    "ModifyInstanceAttribute",
    "CreateSnapshots",
    "DeleteSnapshot",
    "CreateVolume",
    "DeleteVolume",
    "AttachVolume",
    "DetachVolume",
    "ReleaseAddress",
    "CreateTags",
    "DeleteTags",
)
"""Every mutating call except RunInstances."""

COSTS: Final = ("GetCostAndUsage", "ListObjectsV2", "GetMetricData")
"""The lists of the billing, and of the metrics."""

ODD_ANSWERS: Final = {
    Failure.HTML: (FaultKind.HTML, ("*",)),
    Failure.NULL: (FaultKind.NULL, ("*",)),
    Failure.NO_LIST: (FaultKind.EMPTY, ("Describe*", *COSTS)),
    Failure.ENDLESS: (FaultKind.REPEAT, ("Describe*", *COSTS)),
}


REQUIRED_FIELDS: Final[Mapping[ResourceKind, tuple[str, str]]] = {
    ResourceKind.INSTANCE: ("DescribeInstances", "instanceState"),
    ResourceKind.DISK: ("DescribeVolumes", "volumeId"),
    ResourceKind.SNAPSHOT: ("DescribeSnapshots", "snapshotId"),
    ResourceKind.IMAGE: ("DescribeImages", "imageId"),
    ResourceKind.NETWORK: ("DescribeVpcs", "vpcId"),
    ResourceKind.SUBNET: ("DescribeSubnets", "subnetId"),
    ResourceKind.FIREWALL: ("DescribeSecurityGroups", "groupId"),
    ResourceKind.ADDRESS: ("DescribeAddresses", "allocationId"),
    ResourceKind.LOAD_BALANCER: ("DescribeLoadBalancers", "LoadBalancerArn"),
}
"""The call that lists each kind, and the required field of its items."""
