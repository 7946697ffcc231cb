"""Managed disks.

Source: https://learn.microsoft.com/en-us/rest/api/compute/disks; states:
https://learn.microsoft.com/en-us/azure/virtual-machines/linux/disks-find-unattached-portal
"""

from __future__ import annotations

from typing import Any, Final

from azure.mgmt.compute import models as compute
from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import virtual_machine_images
from skyclust_sandbox.azure.locations import check_zones
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error, json_response, timestamp
from skyclust_sandbox.azure.schema import check_document
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tags import check_tags
from skyclust_sandbox.azure.tracked_resources import create_resource, read_put_request

RESOURCE_TYPE: Final = "Microsoft.Compute/disks"
SNAPSHOT_TYPE: Final = "Microsoft.Compute/snapshots"

SKUS: Final = (
    *("Standard_LRS", "StandardSSD_LRS", "StandardSSD_ZRS", "Premium_LRS", "Premium_ZRS"),
    *("PremiumV2_LRS", "UltraSSD_LRS"),
)


def create_or_update(context: RequestContext) -> Response:
    """Disks_CreateOrUpdate."""
    existing, body = read_put_request(context, RESOURCE_TYPE)
    requested = body.setdefault("properties", {})
    if existing is not None:
        return _update(context, existing, body)
    sku = check_sku(body.get("sku"))
    check_zones(body.get("zones", []), body["location"])
    check_tags(body.get("tags", {}))
    creation_data = requested.get("creationData", {})
    content, source = _read_source(context, creation_data, body["location"])
    size = requested.get("diskSizeGB") or source.get("diskSizeGB")
    if size is None:
        message = "Required parameter 'disk.diskSizeGB' is missing (null)."
        raise arm_error(400, "InvalidParameter", message)
    _check_size(size, int(source.get("diskSizeGB", 1)))
    properties = disk_properties(context.state, requested, size, sku["name"], source)
    disk = create_resource(context, RESOURCE_TYPE, {**body, "sku": sku, "properties": properties})
    disk.content = content
    return _accept(context, disk)


def disk_properties(
    state: State, requested: dict[str, Any], size: int, sku: str, source: dict[str, Any]
) -> dict[str, Any]:
    """Return the properties of a new disk of this size in GiB.

    `source` are the properties of the disk, snapshot or image that the disk is created from.
    """
    inherited: dict[str, Any] = {
        name: source[name] for name in ("osType", "hyperVGeneration") if name in source
    }
    iops, throughput = performance(sku, size)
    return {
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled",
        "diskIOPSReadWrite": iops,
        "diskMBpsReadWrite": throughput,
        **inherited,
        **requested,
        "timeCreated": timestamp(),
        "provisioningState": "Updating",
        "diskState": "Unattached",
        "diskSizeGB": size,
        "diskSizeBytes": size * 2**30,
        "uniqueId": state.identifiers.new(),
    }


def performance(sku: str, size: int) -> tuple[int, int]:
    """Return the IOPS and the MB/s of a disk with this SKU and size in GiB.

    Source: https://learn.microsoft.com/en-us/azure/virtual-machines/disks-types
    """
    if sku.startswith("Premium"):
        tiers = ((32, 120, 25), (64, 240, 50), (128, 500, 100), (256, 1100, 125), (512, 2300, 150))
        return next(
            ((iops, rate) for max_size, iops, rate in tiers if size <= max_size), (5000, 200)
        )
    return (500, 60) if sku.startswith("Standard") else (3000, 125)


def update(context: RequestContext) -> Response:
    """Disks_Update."""
    disk, body = context.require_resource(RESOURCE_TYPE), context.body()
    check_document(compute.DiskUpdate, body)
    return _update(context, disk, body)


def delete(context: RequestContext) -> Response:
    """Disks_Delete."""
    context.require_resource_group()
    resources = context.state.resources
    disk = resources.find(context.resource_id(RESOURCE_TYPE))
    if disk is None:
        return json_response(None, 204)
    vm_id = disk.body.get("managedBy")
    if vm_id is not None:
        message = f"Disk {disk.name} is attached to VM {vm_id}."
        raise arm_error(409, "OperationNotAllowed", message)
    disk.properties["provisioningState"] = "Deleting"
    operation = context.begin_operation(disk, lambda: resources.remove(disk))
    return context.accepted_response(operation, None, 202, location_header=True)


def attach(disk: Resource, vm: Resource) -> None:
    """Attach a disk to a VM; the disk of a deallocated VM is reserved."""
    disk.body["managedBy"] = vm.id
    disk.properties["diskState"] = "Reserved" if vm.power == "deallocated" else "Attached"


def detach(disk: Resource) -> None:
    """Detach a disk from its VM."""
    disk.body.pop("managedBy", None)
    disk.properties["diskState"] = "Unattached"


def update_disk_states(state: State, vm: Resource) -> None:
    """Set the state of the VM's disks: attached, or reserved if the VM is deallocated."""
    for disk in disks_of_vm(state, vm):
        attach(disk, vm)


def disks_of_vm(state: State, vm: Resource) -> list[Resource]:
    """Return the disks of a VM, the OS disk first."""
    storage_profile = vm.properties["storageProfile"]
    profiles = [storage_profile["osDisk"], *storage_profile.get("dataDisks", [])]
    disks = (
        state.resources.find(profile.get("managedDisk", {}).get("id", "")) for profile in profiles
    )
    return [disk for disk in disks if disk is not None]


def _update(context: RequestContext, disk: Resource, body: dict[str, Any]) -> Response:
    properties = disk.properties
    if disk.is_busy and properties["provisioningState"] == "Deleting":
        raise arm_error(409, "Conflict", f"Disk {disk.name} is being deleted.")
    size = body.get("properties", {}).get("diskSizeGB")
    if size is not None and size != properties["diskSizeGB"]:
        _check_size(size, properties["diskSizeGB"])
        properties["diskSizeGB"], properties["diskSizeBytes"] = size, size * 2**30
    if "sku" in body:
        disk.body["sku"] = check_sku(body["sku"])
    if "tags" in body:
        check_tags(body["tags"])
        disk.body["tags"] = body["tags"]
    properties["provisioningState"] = "Updating"
    return _accept(context, disk)


def _accept(context: RequestContext, disk: Resource) -> Response:
    def on_complete() -> None:
        disk.properties["provisioningState"] = "Succeeded"

    operation = context.begin_operation(disk, on_complete, output=lambda: disk.body)
    return context.accepted_response(operation, disk.body, 202, location_header=True)


def _read_source(
    context: RequestContext, creation_data: dict[str, Any], location: str
) -> tuple[str, dict[str, Any]]:
    """Return the content of a new disk, and the properties of the source of its creation data.

    Sets `sourceUniqueId` of the creation data for a disk that is copied.
    """
    option = creation_data.get("createOption")
    if option == "Empty":
        return "", {}
    if option in {"Copy", "Restore"}:
        source_id = str(creation_data.get("sourceResourceId", ""))
        source = context.state.resources.find(source_id)
        if source is None or source.type not in {RESOURCE_TYPE, SNAPSHOT_TYPE}:
            message = f"The resource {source_id} was not found."
            raise arm_error(404, "ResourceNotFound", message)
        if source.location != location:
            message = f"The source {source_id} is not in location {location}."
            raise arm_error(400, "InvalidParameter", message)
        creation_data["sourceUniqueId"] = source.properties["uniqueId"]
        return source.content, source.properties
    if option == "FromImage":
        return _read_marketplace_image(str(creation_data.get("imageReference", {}).get("id", "")))
    message = f"The value '{option}' of parameter 'disk.creationData.createOption' is invalid."
    raise arm_error(400, "InvalidParameter", message)


def _read_marketplace_image(image_id: str) -> tuple[str, dict[str, Any]]:
    segments = image_id.strip("/").split("/")
    names = dict(zip((name.lower() for name in segments[::2]), segments[1::2], strict=False))
    sku, version = virtual_machine_images.resolve(
        {
            "publisher": names.get("publishers", ""),
            "offer": names.get("offers", ""),
            "sku": names.get("skus", ""),
            "version": names.get("versions", ""),
        }
    )
    content = f"image {sku.publisher}:{sku.offer}:{sku.name}:{version}"
    properties = {
        "diskSizeGB": sku.size_gib,
        "osType": sku.os,
        "hyperVGeneration": sku.generation,
    }
    return content, properties


def check_sku(requested: object) -> dict[str, str]:
    """Return the `sku` of a disk with its tier, Standard_LRS by default; refuses an unknown SKU."""
    name = "Standard_LRS"
    if isinstance(requested, dict):
        name = requested.get("name", name)
    if name not in SKUS:
        message = f"The value '{name}' of parameter 'sku.name' is invalid: {', '.join(SKUS)}."
        raise arm_error(400, "InvalidParameter", message)
    return {"name": name, "tier": name.partition("_")[0].removesuffix("SSD")}


def _check_size(size: object, minimum: int) -> None:
    if not isinstance(size, int) or not 1 <= size <= 65536:
        message = f"The value '{size}' of parameter 'disk.diskSizeGB' is out of range."
        raise arm_error(400, "InvalidParameter", message)
    if size < minimum:
        message = f"Disk size {size} GB is smaller than the {minimum} GB it has: it cannot shrink."
        raise arm_error(409, "OperationNotAllowed", message)
