"""Volumes that an interrupted snapshot restore left behind when its instance was terminated."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from providers.aws.instances import describe_instance, to_instance
from providers.aws.snapshot_restore import (
    DELETE_ON_TERMINATION_TAG,
    REPLACED_TAG,
    RESTORED_TAG,
    delete_volume,
    get_tagged_volumes,
)
from providers.aws.snapshot_sets import INSTANCE_TAG
from providers.aws.tags import to_tags
from skyclust.errors import NotFound
from skyclust.model.instance import InstanceState

if TYPE_CHECKING:
    from providers.aws.client import AwsClients


def remove_leftovers(clients: AwsClients, region: str, instance_id: str) -> None:
    """Delete the volumes of a restore that was interrupted when its instance was terminated.

    Only volumes that are not attached, and that EC2 would have deleted with the instance: other
    volumes belong to the user. Does nothing while the instance exists.
    """
    with suppress(NotFound):
        instance = to_instance(region, describe_instance(clients, region, instance_id))
        if instance.state is not InstanceState.DELETED:
            return
    for volume in get_tagged_volumes(clients, region, INSTANCE_TAG, instance_id):
        tags = to_tags(volume.get("Tags"))
        of_restore = RESTORED_TAG in tags or REPLACED_TAG in tags
        is_deletable = tags.get(DELETE_ON_TERMINATION_TAG) == "true"
        if of_restore and is_deletable and volume["State"] == "available":
            delete_volume(clients, region, volume["VolumeId"])
