"""Finding an image and a subnet by id or by name."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.aws.paging import get_pages
from providers.aws.regions import regional_errors
from providers.aws.tags import NAME_TAG, to_tags
from skyclust.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, SubnetTypeDef

    from providers.aws.client import AwsClients

# Anyone may publish an image under a well-known name. So a name is searched among the account's
# own images, then among those of publishers that document their account, and nowhere else.
CANONICAL: Final = "099720109477"  # https://documentation.ubuntu.com/aws/aws-how-to/instances/
DEBIAN: Final = "136693071363"  # https://wiki.debian.org/Cloud/AmazonEC2Image
_OWNERS: Final = (["self"], ["amazon", CANONICAL, DEBIAN])


def find_image(clients: AwsClients, region: str, image: str) -> str:
    """Return the ImageId parameter of RunInstances for an image given by id or by name.

    An id and a `resolve:ssm:` parameter are returned unchanged: EC2 checks them. A name is the
    exact name of an image of the account, or else of Amazon, Canonical or Debian. Raises
    InvalidRequest when several images have the name, NotFound when none has.
    """
    if image.startswith(("ami-", "resolve:ssm:")):
        return image
    ec2 = clients.ec2(region)
    for owners in _OWNERS:
        filters: list[FilterTypeDef] = [{"Name": "name", "Values": [image]}]
        with regional_errors(clients, region, f"look for image {image!r} in {region}"):
            image_ids = [
                candidate["ImageId"]
                for page in get_pages(
                    ec2, "describe_images", "Images", Owners=owners, Filters=filters
                )
                for candidate in page
                if candidate.get("Name") == image  # the filter takes * and ? for any character
            ]
        if image_ids:
            return _only(image_ids, "image", image, region)
    raise NotFound(
        f"The account has no image {image!r} in {region}, nor have Amazon, Canonical and Debian.",
        hint="Give an image of another account by its id (ami-...).",
        provider="aws",
    )


def root_device(clients: AwsClients, region: str, image_id: str) -> str:
    """Return the device of an image's boot disk; raises NotFound when the image does not exist.

    Raises InvalidRequest for a `resolve:ssm:` parameter, which DescribeImages does not accept.
    """
    if not image_id.startswith("ami-"):
        raise InvalidRequest(
            f"The boot disk of {image_id} cannot be sized.",
            hint="Give the image by its id or name.",
            provider="aws",
        )
    doing = f"look at image {image_id} in {region}"
    with regional_errors(clients, region, doing):
        for image in clients.ec2(region).describe_images(ImageIds=[image_id])["Images"]:
            return image.get("RootDeviceName", "/dev/sda1")
    raise NotFound(f"Could not {doing}: it does not exist.", provider="aws")


def find_subnet(
    clients: AwsClients, region: str, network: str, zone: str | None, client_token: str
) -> str:
    """Return the id of a subnet for an instance, from a subnet or a VPC given by id or by name.

    When a VPC has several subnets in the zone, the token selects one: a repeated request selects
    the same subnet, and many instances are distributed. Raises NotFound when the subnet or VPC does
    not exist, InvalidRequest when the name is not unique or no subnet is in the zone.
    """
    if network.startswith("subnet-"):
        subnets = _subnets(clients, region, "subnet-id", network)
    elif network.startswith("vpc-"):
        subnets = _subnets(clients, region, "vpc-id", network)
    else:
        subnets = _subnets_named(clients, region, network, zone)
    if not subnets:
        raise NotFound(f"There is no subnet for {network!r} in {region}.", provider="aws")
    in_zone = [s["SubnetId"] for s in subnets if zone in {None, s["AvailabilityZone"]}]
    if not in_zone:
        zones = ", ".join(sorted({subnet["AvailabilityZone"] for subnet in subnets}))
        raise InvalidRequest(
            f"{network!r} in {region} has no subnet in zone {zone}.",
            hint=f"It has subnets in: {zones}.",
            provider="aws",
        )
    return pick(in_zone, client_token)


def pick(candidates: Sequence[str], token: str) -> str:
    """Return a candidate: always the same for one token, evenly distributed over many tokens."""
    number = int.from_bytes(sha256(token.encode()).digest()[:8])
    return sorted(candidates)[number % len(candidates)]


def _subnets_named(
    clients: AwsClients, region: str, name: str, zone: str | None
) -> list[SubnetTypeDef]:
    """Return the subnets with a name, or the subnets of the VPC with that name; may be empty."""
    named = [
        subnet
        for subnet in _subnets(clients, region, f"tag:{NAME_TAG}", name)
        if to_tags(subnet.get("Tags")).get(NAME_TAG) == name
    ]
    if named:
        in_zone = [s for s in named if zone in {None, s["AvailabilityZone"]}] or named
        _only([subnet["SubnetId"] for subnet in in_zone], "subnet", name, region)
        return in_zone
    ec2 = clients.ec2(region)
    filters: list[FilterTypeDef] = [{"Name": f"tag:{NAME_TAG}", "Values": [name]}]
    with regional_errors(clients, region, f"look for network {name!r} in {region}"):
        networks = [
            vpc["VpcId"]
            for page in get_pages(ec2, "describe_vpcs", "Vpcs", Filters=filters)
            for vpc in page
            if to_tags(vpc.get("Tags")).get(NAME_TAG) == name
        ]
    if not networks:
        return []
    return _subnets(clients, region, "vpc-id", _only(networks, "network", name, region))


def _subnets(clients: AwsClients, region: str, criterion: str, value: str) -> list[SubnetTypeDef]:
    filters: list[FilterTypeDef] = [{"Name": criterion, "Values": [value]}]
    pages = get_pages(clients.ec2(region), "describe_subnets", "Subnets", Filters=filters)
    with regional_errors(clients, region, f"look for network {value!r} in {region}"):
        return [subnet for page in pages for subnet in page]


def _only(ids: Sequence[str], what: str, name: str, region: str) -> str:
    if len(ids) > 1:
        raise InvalidRequest(
            f"{len(ids)} {what}s in {region} are called {name!r}: {', '.join(sorted(ids))}.",
            hint="Give the id in place of the name.",
            provider="aws",
        )
    return ids[0]
