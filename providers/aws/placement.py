"""Checking whether an instance can be created, without creating it.

Checks the image, the instance type and the network. Capacity, quotas and key pairs are not
checked: EC2 reports the first two only on RunInstances, and reading key pairs needs another
permission.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.aws.creation import check_spec
from providers.aws.lookups import find_image, find_subnet
from providers.aws.paging import get_pages
from providers.aws.regions import regional_errors
from skyclust.contract import PlacementProvider
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.aws.client import AwsClients


class AwsPlacement(PlacementProvider):
    """Checks of what RunInstances requires of a region."""

    _clients: AwsClients

    def check_placement(self, spec: InstanceSpec) -> None:
        """Raise the error that RunInstances would give for something the region lacks."""
        check_spec(spec)
        _check_image(self._clients, spec)
        _check_type(self._clients, spec)
        _check_network(self._clients, spec)


def _check_image(clients: AwsClients, spec: InstanceSpec) -> None:
    image = find_image(clients, spec.region, spec.image)
    if not image.startswith("ami-"):  # an SSM parameter, which EC2 resolves itself
        return
    with regional_errors(clients, spec.region, f"look at image {image} in {spec.region}"):
        reply = clients.ec2(spec.region).describe_images(ImageIds=[image])
        states = [described.get("State") for described in reply["Images"]]
    if states != ["available"]:
        raise NotFound(f"Image {spec.image!r} is not available in {spec.region}.", provider="aws")


def _check_type(clients: AwsClients, spec: InstanceSpec) -> None:
    filters = [{"Name": "instance-type", "Values": [spec.type]}]
    pages = get_pages(
        clients.ec2(spec.region),
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        LocationType="availability-zone",
        Filters=filters,
    )
    with regional_errors(clients, spec.region, f"look for type {spec.type} in {spec.region}"):
        zones = sorted(offering["Location"] for page in pages for offering in page)
    if not zones or spec.zone not in {None, *zones}:
        where = f"zone {spec.zone}" if zones else spec.region
        raise InvalidRequest(
            f"Instance type {spec.type!r} is not offered in {where}.",
            hint=f"It is offered in: {', '.join(zones)}." if zones else "",
            provider="aws",
        )


def _check_network(clients: AwsClients, spec: InstanceSpec) -> None:
    if spec.network is not None:
        find_subnet(clients, spec.region, spec.network, spec.zone, client_token="")
        return
    filters = [{"Name": "default-for-az", "Values": ["true"]}]
    if spec.zone is not None:
        filters.append({"Name": "availability-zone", "Values": [spec.zone]})
    pages = get_pages(clients.ec2(spec.region), "describe_subnets", "Subnets", Filters=filters)
    with regional_errors(clients, spec.region, f"look for the default network in {spec.region}"):
        subnets = [subnet for page in pages for subnet in page]
    if not subnets:
        raise InvalidRequest(
            f"The account has no default subnet in {spec.zone or spec.region}.",
            hint="Name a subnet or a network for the instance.",
            provider="aws",
        )
