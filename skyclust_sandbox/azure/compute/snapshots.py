"""Snapshots of managed disks.

Source: https://learn.microsoft.com/en-us/rest/api/compute/snapshots
"""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import disks
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error, json_response, timestamp
from skyclust_sandbox.azure.state import Resource
from skyclust_sandbox.azure.tags import check_tags
from skyclust_sandbox.azure.tracked_resources import create_resource, read_put_request

RESOURCE_TYPE: Final = disks.SNAPSHOT_TYPE


def create_or_update(context: RequestContext) -> Response:
    """Snapshots_CreateOrUpdate: copies the content that the source has at the time of the call."""
    existing, body = read_put_request(context, RESOURCE_TYPE)
    if existing is not None:
        if "tags" in body:
            check_tags(body["tags"])
            existing.body["tags"] = body["tags"]
        return _accept(context, existing)
    requested = body.setdefault("properties", {})
    creation_data = requested.get("creationData", {})
    source_id = str(creation_data.get("sourceResourceId", ""))
    source = context.state.resources.find(source_id)
    if creation_data.get("createOption") not in {"Copy", "CopyStart"}:
        message = "A snapshot is made with the createOption 'Copy'."
        raise arm_error(400, "InvalidParameter", message)
    if source is None or source.type not in {disks.RESOURCE_TYPE, RESOURCE_TYPE}:
        raise arm_error(404, "ResourceNotFound", f"The resource {source_id} was not found.")
    if source.location != body["location"]:
        message = f"The source {source_id} is not in location {body['location']}."
        raise arm_error(400, "InvalidParameter", message)
    disk = source.properties
    if requested.get("incremental"):
        requested["incrementalSnapshotFamilyId"] = disk["uniqueId"]
    properties = {
        "incremental": False,
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled",
        **{name: disk[name] for name in ("osType", "hyperVGeneration") if name in disk},
        **requested,
        "creationData": {**creation_data, "sourceUniqueId": disk["uniqueId"]},
        "timeCreated": timestamp(),
        "provisioningState": "Updating",
        "diskState": "Unattached",
        "diskSizeGB": disk["diskSizeGB"],
        "diskSizeBytes": disk["diskSizeBytes"],
        "uniqueId": context.state.identifiers.new(),
    }
    sku = {"name": "Standard_LRS", "tier": "Standard", **body.get("sku", {})}
    check_tags(body.get("tags", {}))
    snapshot_body = {**body, "sku": sku, "properties": properties}
    snapshot = create_resource(context, RESOURCE_TYPE, snapshot_body)
    snapshot.content = source.content
    return _accept(context, snapshot)


def update(context: RequestContext) -> Response:
    """Snapshots_Update."""
    snapshot = context.require_resource(RESOURCE_TYPE)
    body = context.body()
    if "tags" in body:
        check_tags(body["tags"])
        snapshot.body["tags"] = body["tags"]
    return _accept(context, snapshot)


def delete(context: RequestContext) -> Response:
    """Snapshots_Delete."""
    context.require_resource_group()
    resources = context.state.resources
    snapshot = resources.find(context.resource_id(RESOURCE_TYPE))
    if snapshot is None:
        return json_response(None, 204)
    snapshot.properties["provisioningState"] = "Deleting"
    operation = context.begin_operation(snapshot, lambda: resources.remove(snapshot))
    return context.accepted_response(operation, None, 202, location_header=True)


def _accept(context: RequestContext, snapshot: Resource) -> Response:
    properties = snapshot.properties
    properties["provisioningState"] = "Updating"

    def on_complete() -> None:
        properties["provisioningState"] = "Succeeded"
        if properties["incremental"]:
            properties["completionPercent"] = 100.0

    operation = context.begin_operation(snapshot, on_complete, output=lambda: snapshot.body)
    return context.accepted_response(operation, snapshot.body, 202, location_header=True)
