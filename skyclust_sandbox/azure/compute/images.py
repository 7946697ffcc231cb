"""Managed images: what a company has made to begin its machines from.

Source: https://learn.microsoft.com/en-us/rest/api/compute/images
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import disks
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal, reply
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import check_tags, make, properties, read_put

KIND: Final = "Microsoft.Compute/images"
_MACHINES: Final = "Microsoft.Compute/virtualMachines"


def put(ask: Ask) -> Response:
    """Images_CreateOrUpdate: from disks, from snapshots, or from a machine."""
    existing, body = read_put(ask, KIND)
    check_tags(body.get("tags", {}))
    if existing is not None:
        existing.body["tags"] = body.get("tags", {})
        return _accept(ask, existing, created=False)
    asked = body.setdefault("properties", {})
    if "sourceVirtualMachine" in asked:
        asked["storageProfile"] = _storage_of(ask, asked["sourceVirtualMachine"]["id"])
    storage = asked.get("storageProfile")
    if storage is None:
        message = "Required parameter 'image.storageProfile' is missing (null)."
        raise refusal(400, "InvalidParameter", message)
    source = _source(ask, storage["osDisk"], body["location"])
    storage["osDisk"].setdefault("diskSizeGB", properties(source)["diskSizeGB"])
    shown = {"hyperVGeneration": "V2", **asked, "storageProfile": storage}
    resource = make(ask, KIND, {**body, "properties": shown})
    resource.content = source.content
    return _accept(ask, resource, created=True)


def update(ask: Ask) -> Response:
    """Images_Update."""
    found = ask.find(KIND)
    tags = ask.body().get("tags", {})
    check_tags(tags)
    found.body["tags"] = tags
    return _accept(ask, found, created=False)


def delete(ask: Ask) -> Response:
    """Images_Delete."""
    ask.require_group()
    found = ask.state.resources.find(ask.id_of(KIND))
    if found is None:
        return reply(None, 204)
    properties(found)["provisioningState"] = "Deleting"
    resources = ask.state.resources
    operation = ask.begin(found, lambda: resources.remove(found))
    return ask.accepted(operation, None, 202, location=True)


def find(state: State, image_id: str) -> Resource | None:
    """Return the image of this id."""
    found = state.resources.find(image_id)
    return found if found is not None and found.type == KIND else None


def _storage_of(ask: Ask, machine_id: str) -> dict[str, Any]:
    machine = ask.state.resources.find(machine_id)
    if machine is None or machine.type != _MACHINES:
        raise refusal(404, "ResourceNotFound", f"The resource {machine_id} was not found.")
    if machine.power != "deallocated":
        message = f"The VM {machine.name} must be deallocated and generalized to be captured."
        raise refusal(409, "OperationNotAllowed", message)
    system = properties(machine)["storageProfile"]["osDisk"]
    return {
        "osDisk": {
            "osType": system["osType"],
            "osState": "Generalized",
            "caching": system["caching"],
            "managedDisk": {"id": system["managedDisk"]["id"]},
        },
        "dataDisks": [],
        "zoneResilient": False,
    }


def _source(ask: Ask, system: dict[str, Any], location: str) -> Resource:
    for name in ("managedDisk", "snapshot"):
        if name in system:
            source_id = system[name]["id"]
            found = ask.state.resources.find(source_id)
            if found is None or found.type not in {disks.KIND, disks.SNAPSHOT_KIND}:
                raise refusal(404, "ResourceNotFound", f"The resource {source_id} was not found.")
            if found.location != location:
                message = f"The source {source_id} is not in location {location}."
                raise refusal(400, "InvalidParameter", message)
            return found
    message = "The image's osDisk must name a managedDisk or a snapshot."
    raise refusal(400, "InvalidParameter", message)


def _accept(ask: Ask, image: Resource, *, created: bool) -> Response:
    shown = properties(image)
    shown["provisioningState"] = "Creating" if created else "Updating"

    def ready() -> None:
        shown["provisioningState"] = "Succeeded"

    operation = ask.begin(image, ready)
    return ask.accepted(operation, image.body, 201 if created else 200, location=False)
