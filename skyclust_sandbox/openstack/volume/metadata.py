"""The metadata of volumes and snapshots.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Volume, VolumeSnapshot
from skyclust_sandbox.openstack.volume.lookups import find_snapshot, find_volume
from skyclust_sandbox.openstack.wire import empty, reply


def get_metadata(context: Context) -> Response:
    """Return the metadata of a volume or snapshot."""
    return reply({"metadata": _resource(context).metadata})


def update_metadata(context: Context) -> Response:
    """Set some items, keep the others, and return all."""
    resource = _resource(context)
    resource.metadata = {**resource.metadata, **context.body("metadata")}
    return reply({"metadata": resource.metadata})


def replace_metadata(context: Context) -> Response:
    """Replace the metadata."""
    resource = _resource(context)
    resource.metadata = dict(context.body("metadata"))
    return reply({"metadata": resource.metadata})


def delete_metadata_item(context: Context) -> Response:
    """Delete one item; 404 when it does not exist."""
    resource, key = _resource(context), context.argument("key")
    if key not in resource.metadata:
        raise context.refused(404, f"Metadata item was not found: {key}")
    del resource.metadata[key]
    return empty(200)


def _resource(context: Context) -> Volume | VolumeSnapshot:
    if "volume_id" in context.call.arguments:
        return find_volume(context)
    return find_snapshot(context)
