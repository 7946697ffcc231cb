"""Changing the tags of an instance.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from providers.aws.instances import get_instance
from providers.aws.regions import regional_errors
from providers.aws.tags import NAME_TAG, TOKEN_TAG, to_pairs
from skyclust.contract import TagProvider
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference, InstanceState

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import TagTypeDef

    from providers.aws.client import AwsClients


class AwsTags(TagProvider):
    """Tags of EC2 instances."""

    _clients: AwsClients

    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set tags and remove others.

        Raises InvalidRequest, before anything is changed, for the token's tag, the removal of
        the name and AWS's own tags, and NotFound for a terminated instance.
        """
        region, instance_id = instance.region, instance.id
        current = get_instance(self._clients, region, instance_id)
        if current.state is InstanceState.DELETED:
            raise NotFound(f"Instance {instance_id} in {region} is terminated.", provider="aws")
        for key in sorted({*tags, *removed}):
            _check_key(key, instance_id, is_removed=key in removed)
        ec2 = self._clients.ec2(region)
        if tags:
            with regional_errors(self._clients, region, f"tag instance {instance_id} in {region}"):
                ec2.create_tags(Resources=[instance_id], Tags=to_pairs(tags))
        present: list[TagTypeDef] = [
            {"Key": key} for key in sorted(set(removed) - set(tags)) if key in current.tags
        ]
        if present:
            with regional_errors(
                self._clients, region, f"remove tags of instance {instance_id} in {region}"
            ):
                ec2.delete_tags(Resources=[instance_id], Tags=present)


def _check_key(key: str, instance_id: str, *, is_removed: bool) -> None:
    if key == TOKEN_TAG or key.startswith("aws:") or (key == NAME_TAG and is_removed):
        raise InvalidRequest(
            f"The tag {key} of instance {instance_id} cannot be changed so.",
            hint=f"{TOKEN_TAG} and {NAME_TAG} identify the instance; aws: is reserved by AWS.",
            provider="aws",
        )
