"""Whether an instance could be made: what its request needs is looked for, and nothing is made.

Room, quotas and key pairs are known by trying alone: to look for a key pair is another permission.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.aws.creation import refuse_impossible
from providers.aws.lookups import find_image, find_subnet
from providers.aws.paging import get_pages
from providers.aws.regions import calling
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.aws.client import AwsClients


def check_placement(clients: AwsClients, spec: InstanceSpec) -> None:
    """Raise what RunInstances would be refused with for want of something in the region."""
    refuse_impossible(spec)
    _check_image(clients, spec)
    _check_type(clients, spec)
    _check_network(clients, spec)


def _check_image(clients: AwsClients, spec: InstanceSpec) -> None:
    image = find_image(clients, spec.region, spec.image)
    if not image.startswith("ami-"):  # a parameter of SSM, which EC2 reads by itself
        return
    doing = f"look at image {image} in {spec.region}"
    with calling(clients, spec.region, doing):
        answer = clients.ec2(spec.region).describe_images(ImageIds=[image])
        states = [one.get("State") for one in answer["Images"]]
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
    with calling(clients, spec.region, f"look for type {spec.type} in {spec.region}"):
        zones = sorted(one["Location"] for page in pages for one in page)
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
    with calling(clients, spec.region, f"look for the default network in {spec.region}"):
        found = [subnet for page in pages for subnet in page]
    if not found:
        raise InvalidRequest(
            f"The account has no default subnet in {spec.zone or spec.region}.",
            hint="Name a subnet or a network for the machine.",
            provider="aws",
        )
