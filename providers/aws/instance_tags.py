"""Changing the tags of an instance.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from providers.aws.instances import get_instance
from providers.aws.regions import calling
from providers.aws.tags import NAME_TAG, TOKEN_TAG, to_pairs
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceState

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import TagTypeDef

    from providers.aws.client import AwsClients


def set_tags(
    clients: AwsClients,
    region: str,
    instance_id: str,
    tags: Mapping[str, str],
    removed: Collection[str],
) -> None:
    """Set tags and remove others; raises InvalidRequest for those that SkyClust or AWS needs."""
    instance = get_instance(clients, region, instance_id)
    if instance.state is InstanceState.DELETED:
        raise NotFound(f"Instance {instance_id} in {region} is terminated.", provider="aws")
    for key in sorted({*tags, *removed}):
        if key == TOKEN_TAG or key.startswith("aws:") or (key == NAME_TAG and key in removed):
            raise InvalidRequest(
                f"The tag {key} of instance {instance_id} cannot be changed so.",
                hint=f"{TOKEN_TAG} and {NAME_TAG} tell which machine it is; aws: is AWS's own.",
                provider="aws",
            )
    ec2 = clients.ec2(region)
    if tags:
        with calling(clients, region, f"tag instance {instance_id} in {region}"):
            ec2.create_tags(Resources=[instance_id], Tags=to_pairs(tags))
    gone: list[TagTypeDef] = [
        {"Key": key} for key in sorted(set(removed) - set(tags)) if key in instance.tags
    ]
    if gone:
        with calling(clients, region, f"remove tags of instance {instance_id} in {region}"):
            ec2.delete_tags(Resources=[instance_id], Tags=gone)
