"""The yardstick: plain boto3 makes the calls of an inventory and keeps what they return.

`python -m benchmarks.bare ENDPOINT` prints what it cost.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import boto3
import boto3.session

from benchmarks.measuring import measured, report
from skyclust.inventory.scheduler import WORKERS

LISTS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("ec2", "describe_instances", {}),
    ("ec2", "describe_volumes", {}),
    ("ec2", "describe_snapshots", {"OwnerIds": ["self"]}),
    ("ec2", "describe_images", {"Owners": ["self"]}),
    ("ec2", "describe_vpcs", {}),
    ("ec2", "describe_subnets", {}),
    ("ec2", "describe_security_groups", {}),
    ("elbv2", "describe_load_balancers", {}),
    ("elb", "describe_load_balancers", {}),
)
"""What the provider reads in pages; addresses come all at once."""

PAGE_SIZES: Final = {"ec2": 1000, "elbv2": 400, "elb": 400}


def read_everything(endpoint: str) -> int:
    """Read all regions, as many at once as a sync does, and return how many instances."""
    session = boto3.session.Session("key", "secret")
    ec2 = session.client("ec2", region_name="us-east-1", endpoint_url=endpoint)
    regions = [region["RegionName"] for region in ec2.describe_regions()["Regions"]]
    # Making a client is the one thing that threads may not do together.
    clients = [
        {
            service: session.client(service, region_name=region, endpoint_url=endpoint)  # type: ignore[call-overload]  # not a literal
            for service in PAGE_SIZES
        }
        for region in regions
    ]
    with ThreadPoolExecutor(WORKERS) as pool:
        kept = list(pool.map(_read_region, clients))
    pages = [page for region in kept for page in region]
    return sum(len(page.get("Reservations", ())) for page in pages)


def _read_region(clients: dict[str, Any]) -> list[dict[str, Any]]:
    return [*_pages(clients), clients["ec2"].describe_addresses()]


def _pages(clients: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for service, operation, arguments in LISTS:
        paginator = clients[service].get_paginator(operation)
        yield from paginator.paginate(
            **arguments, PaginationConfig={"PageSize": PAGE_SIZES[service]}
        )


if __name__ == "__main__":
    instances, cost = measured(lambda: read_everything(sys.argv[1]))
    report({"instances": instances} | cost.figures())
