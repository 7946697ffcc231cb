"""Snapshots of whole instances: one EBS snapshot of each disk, all taken at one point in time.

CreateSnapshots takes all of them at once, crash-consistently, and has no client token
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html). So the set is
searched by the token's tag before the call and after it: when two calls at the same time took
two snapshots of a disk with one token, the older snapshot is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from providers.aws import snapshot_restore
from providers.aws.creation import to_client_token
from providers.aws.instances import describe_instance
from providers.aws.regions import regional_errors
from providers.aws.snapshot_sets import (
    DEVICE_TAG,
    INSTANCE_TAG,
    SNAPSHOT_TAG,
    duplicates,
    get_members,
    to_instance_snapshot,
)
from providers.aws.tags import NAME_TAG, to_pairs, to_tags
from skyclust.contract import SnapshotProvider
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.snapshot import InstanceSnapshot
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef, SnapshotTypeDef

    from providers.aws.client import AwsClients


class AwsSnapshots(SnapshotProvider):
    """Sets of EBS snapshots of EC2 instances."""

    _clients: AwsClients

    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Take snapshots of all EBS volumes of an instance, once for each token."""
        clients, region, instance_id = self._clients, instance.region, instance.id
        client_token = to_client_token(token)
        ec2_instance = describe_instance(clients, region, instance_id)
        if ec2_instance["State"]["Name"] in {"shutting-down", "terminated"}:
            raise NotFound(f"Instance {instance_id} in {region} has ended.", provider="aws")
        members = get_members(clients, region, instance_id, client_token)
        if not members:
            tags = _set_tags(ec2_instance, name, client_token)
            created = _create_set(clients, region, instance_id, name, tags)
            listed = get_members(clients, region, instance_id, client_token)
            members = _merged(listed, created, tags)
        _delete(clients, region, duplicates(members))
        return to_instance_snapshot(region, members)

    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the instance snapshots that SkyClust took, the oldest first."""
        sets: defaultdict[str, list[SnapshotTypeDef]] = defaultdict(list)
        for member in get_members(self._clients, region, instance_id):
            sets[to_tags(member.get("Tags"))[SNAPSHOT_TAG]].append(member)
        snapshots = [to_instance_snapshot(region, members) for members in sets.values()]
        return sorted(snapshots, key=lambda snapshot: (str(snapshot.created_at), snapshot.id))

    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return True unless stopped: EC2 detaches the root volume of stopped instances only."""
        return instance.state is not InstanceState.STOPPED

    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Replace the volumes by new volumes made from the snapshots, one step in each call.

        Returns whether the restore is complete.
        """
        return snapshot_restore.restore_snapshot(
            self._clients, instance.region, instance.id, snapshot_id, token
        )

    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Delete all EBS snapshots of an instance snapshot; a deleted one is no error."""
        members = get_members(self._clients, instance.region, instance.id, snapshot_id)
        _delete(self._clients, instance.region, members)


def _set_tags(ec2_instance: InstanceTypeDef, name: str, client_token: str) -> dict[str, str]:
    """Return the tags of a new set; raises InvalidRequest for an instance without EBS volumes."""
    instance_id = ec2_instance["InstanceId"]
    devices = {
        mapping["DeviceName"]: mapping["Ebs"]["VolumeId"]
        for mapping in ec2_instance.get("BlockDeviceMappings", ())
        if "Ebs" in mapping
    }
    if not devices:
        raise InvalidRequest(f"Instance {instance_id} has no EBS disk.", provider="aws")
    return {
        NAME_TAG: name,
        SNAPSHOT_TAG: client_token,
        INSTANCE_TAG: instance_id,
        **{f"{DEVICE_TAG}{device}": volume for device, volume in devices.items()},
    }


def _create_set(
    clients: AwsClients, region: str, instance_id: str, name: str, tags: Mapping[str, str]
) -> list[Any]:
    """Return the snapshots of the reply to CreateSnapshots."""
    doing = f"take snapshot {name!r}"
    with regional_errors(clients, region, f"{doing} of {instance_id} in {region}"):
        reply = clients.ec2_once(region).create_snapshots(
            InstanceSpecification={"InstanceId": instance_id},
            Description=f"SkyClust snapshot {name} of {instance_id}",
            TagSpecifications=[{"ResourceType": "snapshot", "Tags": to_pairs(tags)}],
        )
        return require_list(reply, "Snapshots", doing=doing, provider="aws")


def _merged(
    listed: Sequence[SnapshotTypeDef], created: Sequence[Mapping[str, Any]], tags: Mapping[str, str]
) -> list[SnapshotTypeDef]:
    """Return the listed snapshots, and those just created that EC2 does not list yet."""
    known = {snapshot["SnapshotId"] for snapshot in listed}
    unlisted = [
        cast("SnapshotTypeDef", {"State": "pending", "Tags": to_pairs(tags), **snapshot})
        for snapshot in created
        if snapshot["SnapshotId"] not in known
    ]
    return [*listed, *unlisted]


def _delete(clients: AwsClients, region: str, snapshots: Sequence[SnapshotTypeDef]) -> None:
    for snapshot in snapshots:
        snapshot_id = snapshot["SnapshotId"]
        try:
            with regional_errors(clients, region, f"delete snapshot {snapshot_id} in {region}"):
                clients.ec2(region).delete_snapshot(SnapshotId=snapshot_id)
        except NotFound:
            continue
