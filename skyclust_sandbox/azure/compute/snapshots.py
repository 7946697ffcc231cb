"""Snapshots of managed disks.

Source: https://learn.microsoft.com/en-us/rest/api/compute/snapshots
"""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import disks
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal, reply, timestamp
from skyclust_sandbox.azure.state import Resource
from skyclust_sandbox.azure.tracked_resources import check_tags, make, properties, read_put

KIND: Final = disks.SNAPSHOT_KIND


def put(ask: Ask) -> Response:
    """Snapshots_CreateOrUpdate: takes over what the disk holds at this moment."""
    existing, body = read_put(ask, KIND)
    if existing is not None:
        if "tags" in body:
            check_tags(body["tags"])
            existing.body["tags"] = body["tags"]
        return _accept(ask, existing)
    asked = body.setdefault("properties", {})
    creation = asked.get("creationData", {})
    source_id = str(creation.get("sourceResourceId", ""))
    source = ask.state.resources.find(source_id)
    if creation.get("createOption") not in {"Copy", "CopyStart"}:
        message = "A snapshot is made with the createOption 'Copy'."
        raise refusal(400, "InvalidParameter", message)
    if source is None or source.type not in {disks.KIND, KIND}:
        raise refusal(404, "ResourceNotFound", f"The resource {source_id} was not found.")
    if source.location != body["location"]:
        message = f"The source {source_id} is not in location {body['location']}."
        raise refusal(400, "InvalidParameter", message)
    if asked.get("incremental"):
        asked["incrementalSnapshotFamilyId"] = properties(source)["uniqueId"]
    taken = properties(source)
    kept = {name: taken[name] for name in ("osType", "hyperVGeneration") if name in taken}
    shown = {
        "incremental": False,
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled",
        **kept,
        **asked,
        "creationData": {**creation, "sourceUniqueId": taken["uniqueId"]},
        "timeCreated": timestamp(),
        "provisioningState": "Updating",
        "diskState": "Unattached",
        "diskSizeGB": taken["diskSizeGB"],
        "diskSizeBytes": taken["diskSizeBytes"],
        "uniqueId": ask.state.identifiers.new(),
    }
    sku = {"name": "Standard_LRS", "tier": "Standard", **body.get("sku", {})}
    check_tags(body.get("tags", {}))
    resource = make(ask, KIND, {**body, "sku": sku, "properties": shown})
    resource.content = source.content
    return _accept(ask, resource)


def update(ask: Ask) -> Response:
    """Snapshots_Update."""
    found = ask.find(KIND)
    body = ask.body()
    if "tags" in body:
        check_tags(body["tags"])
        found.body["tags"] = body["tags"]
    return _accept(ask, found)


def delete(ask: Ask) -> Response:
    """Snapshots_Delete."""
    ask.require_group()
    found = ask.state.resources.find(ask.id_of(KIND))
    if found is None:
        return reply(None, 204)
    properties(found)["provisioningState"] = "Deleting"
    resources = ask.state.resources
    operation = ask.begin(found, lambda: resources.remove(found))
    return ask.accepted(operation, None, 202, location=True)


def _accept(ask: Ask, snapshot: Resource) -> Response:
    shown = properties(snapshot)
    shown["provisioningState"] = "Updating"

    def ready() -> None:
        shown["provisioningState"] = "Succeeded"
        if shown["incremental"]:
            shown["completionPercent"] = 100.0

    operation = ask.begin(snapshot, ready, output=lambda: snapshot.body)
    return ask.accepted(operation, snapshot.body, 202, location=True)
