"""Deleting volumes, Elastic IPs and EBS snapshots that nothing uses.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVolume.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSnapshot.html
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from providers.aws.addresses import describe_address, to_address
from providers.aws.disks import describe_volume, to_disk
from providers.aws.regions import regional_errors
from providers.aws.snapshots import describe_snapshot, to_snapshot
from skyclust.contract import DeletionProvider
from skyclust.errors import NotFound
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.resource_reference import ResourceReference
from skyclust.providerkit.deletable import (
    BEING_DELETED,
    require_deletable,
    require_deletable_kind,
)

if TYPE_CHECKING:
    from providers.aws.client import AwsClients


class AwsDeletion(DeletionProvider):
    """Deletes volumes, Elastic IPs and EBS snapshots."""

    deletable: ClassVar[frozenset[ResourceKind]] = frozenset(
        {ResourceKind.DISK, ResourceKind.ADDRESS, ResourceKind.SNAPSHOT}
    )
    _clients: AwsClients

    def get_resource(self, region: str, kind: ResourceKind, resource_id: str) -> Resource:
        """Return a resource as inventory does; raises NotFound when it does not exist."""
        require_deletable_kind(kind, self.deletable, provider="aws")
        if kind is ResourceKind.DISK:
            return to_disk(region, describe_volume(self._clients, region, resource_id))
        if kind is ResourceKind.ADDRESS:
            return to_address(region, describe_address(self._clients, region, resource_id))
        return to_snapshot(region, describe_snapshot(self._clients, region, resource_id))

    def delete_resource(self, resource: ResourceReference) -> None:
        """Request the deletion; does nothing for a volume that is being deleted."""
        seen = self.get_resource(resource.region, resource.kind, resource.id)
        require_deletable(resource, seen)
        if seen.state in BEING_DELETED:
            return
        ec2 = self._clients.ec2(resource.region)
        doing = f"delete {resource.kind} {resource.id} in {resource.region}"
        # botocore repeats a request whose reply was lost, and the resource is deleted by then.
        with suppress(NotFound), regional_errors(self._clients, resource.region, doing):
            if resource.kind is ResourceKind.DISK:
                ec2.delete_volume(VolumeId=resource.id)
            elif resource.kind is ResourceKind.ADDRESS:
                ec2.release_address(AllocationId=resource.id)
            else:
                ec2.delete_snapshot(SnapshotId=resource.id)
