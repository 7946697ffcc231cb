"""Managed disks.

Source: https://learn.microsoft.com/en-us/rest/api/compute/disks; states:
https://learn.microsoft.com/en-us/azure/virtual-machines/linux/disks-find-unattached-portal
"""

from __future__ import annotations

from typing import Any, Final

from azure.mgmt.compute import models as compute
from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import virtual_machine_images
from skyclust_sandbox.azure.compute.virtual_machine_sizes import check_zones
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal, reply, timestamp
from skyclust_sandbox.azure.schema import check_document
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import check_tags, make, properties, read_put

KIND: Final = "Microsoft.Compute/disks"
SNAPSHOT_KIND: Final = "Microsoft.Compute/snapshots"

TYPES: Final = (
    *("Standard_LRS", "StandardSSD_LRS", "StandardSSD_ZRS", "Premium_LRS", "Premium_ZRS"),
    *("PremiumV2_LRS", "UltraSSD_LRS"),
)


def put(ask: Ask) -> Response:
    """Disks_CreateOrUpdate."""
    existing, body = read_put(ask, KIND)
    asked = body.setdefault("properties", {})
    if existing is not None:
        return _change(ask, existing, body)
    sku = check_sku(body.get("sku"))
    check_zones(body.get("zones", []), body["location"])
    check_tags(body.get("tags", {}))
    content, source = _source(ask, asked.get("creationData", {}), body["location"])
    size = asked.get("diskSizeGB") or source.get("diskSizeGB")
    if size is None:
        message = "Required parameter 'disk.diskSizeGB' is missing (null)."
        raise refusal(400, "InvalidParameter", message)
    _check_size(size, int(source.get("diskSizeGB", 1)))
    shown = described(ask.state, asked, size, sku["name"], source)
    resource = make(ask, KIND, {**body, "sku": sku, "properties": shown})
    resource.content = content
    return _accept(ask, resource)


def described(
    state: State, asked: dict[str, Any], size: int, sku: str, source: dict[str, Any]
) -> dict[str, Any]:
    """Return the properties of a new disk of this size in GiB."""
    kept: dict[str, Any] = {
        name: source[name] for name in ("osType", "hyperVGeneration") if name in source
    }
    iops, throughput = performance(sku, size)
    return {
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled",
        "diskIOPSReadWrite": iops,
        "diskMBpsReadWrite": throughput,
        **kept,
        **asked,
        "timeCreated": timestamp(),
        "provisioningState": "Updating",
        "diskState": "Unattached",
        "diskSizeGB": size,
        "diskSizeBytes": size * 2**30,
        "uniqueId": state.identifiers.new(),
    }


def performance(sku: str, size: int) -> tuple[int, int]:
    """Return the operations and MB a second that a disk of this size in GiB is given.

    Source: https://learn.microsoft.com/en-us/azure/virtual-machines/disks-types
    """
    if sku.startswith("Premium"):
        steps = ((32, 120, 25), (64, 240, 50), (128, 500, 100), (256, 1100, 125), (512, 2300, 150))
        return next(((iops, rate) for most, iops, rate in steps if size <= most), (5000, 200))
    return (500, 60) if sku.startswith("Standard") else (3000, 125)


def update(ask: Ask) -> Response:
    """Disks_Update."""
    found, body = ask.find(KIND), ask.body()
    check_document(compute.DiskUpdate, body)
    return _change(ask, found, body)


def delete(ask: Ask) -> Response:
    """Disks_Delete."""
    ask.require_group()
    found = ask.state.resources.find(ask.id_of(KIND))
    if found is None:
        return reply(None, 204)
    owner = found.body.get("managedBy")
    if owner is not None:
        message = f"Disk {found.name} is attached to VM {owner}."
        raise refusal(409, "OperationNotAllowed", message)
    properties(found)["provisioningState"] = "Deleting"
    resources = ask.state.resources
    operation = ask.begin(found, lambda: resources.remove(found))
    return ask.accepted(operation, None, 202, location=True)


def attach(disk: Resource, machine: Resource) -> None:
    """Give a disk to a machine."""
    disk.body["managedBy"] = machine.id
    properties(disk)["diskState"] = "Reserved" if machine.power == "deallocated" else "Attached"


def detach(disk: Resource) -> None:
    """Take a disk from its machine."""
    disk.body.pop("managedBy", None)
    properties(disk)["diskState"] = "Unattached"


def follow_power(state: State, machine: Resource) -> None:
    """Let the disks of a machine show whether it holds its place."""
    for disk in of_machine(state, machine):
        attach(disk, machine)


def of_machine(state: State, machine: Resource) -> list[Resource]:
    """Return the disks that a machine has, the boot disk first."""
    storage = properties(machine)["storageProfile"]
    parts = [storage["osDisk"], *storage.get("dataDisks", [])]
    found = (state.resources.find(part.get("managedDisk", {}).get("id", "")) for part in parts)
    return [disk for disk in found if disk is not None]


def _change(ask: Ask, disk: Resource, body: dict[str, Any]) -> Response:
    asked = body.get("properties", {})
    shown = properties(disk)
    if disk.is_busy and shown["provisioningState"] == "Deleting":
        raise refusal(409, "Conflict", f"Disk {disk.name} is being deleted.")
    size = asked.get("diskSizeGB")
    if size is not None and size != shown["diskSizeGB"]:
        _check_size(size, shown["diskSizeGB"])
        shown["diskSizeGB"], shown["diskSizeBytes"] = size, size * 2**30
    if "sku" in body:
        disk.body["sku"] = check_sku(body["sku"])
    if "tags" in body:
        check_tags(body["tags"])
        disk.body["tags"] = body["tags"]
    shown["provisioningState"] = "Updating"
    return _accept(ask, disk)


def _accept(ask: Ask, disk: Resource) -> Response:
    shown = properties(disk)

    def ready() -> None:
        shown["provisioningState"] = "Succeeded"

    operation = ask.begin(disk, ready, output=lambda: disk.body)
    return ask.accepted(operation, disk.body, 202, location=True)


def _source(ask: Ask, asked: dict[str, Any], location: str) -> tuple[str, dict[str, Any]]:
    """Return what a new disk holds, and the properties of what it is made from."""
    option = asked.get("createOption")
    if option == "Empty":
        return "", {}
    if option in {"Copy", "Restore"}:
        source_id = str(asked.get("sourceResourceId", ""))
        source = ask.state.resources.find(source_id)
        if source is None or source.type not in {KIND, SNAPSHOT_KIND}:
            message = f"The resource {source_id} was not found."
            raise refusal(404, "ResourceNotFound", message)
        if source.location != location:
            message = f"The source {source_id} is not in location {location}."
            raise refusal(400, "InvalidParameter", message)
        asked["sourceUniqueId"] = properties(source)["uniqueId"]
        return source.content, properties(source)
    if option == "FromImage":
        reference = str(asked.get("imageReference", {}).get("id", ""))
        words = reference.strip("/").split("/")
        named = dict(zip((word.lower() for word in words[::2]), words[1::2], strict=False))
        line, exact = virtual_machine_images.resolve(
            {
                "publisher": named.get("publishers", ""),
                "offer": named.get("offers", ""),
                "sku": named.get("skus", ""),
                "version": named.get("versions", ""),
            }
        )
        told = {"diskSizeGB": line.size_gib, "osType": line.os}
        told["hyperVGeneration"] = line.generation
        return f"image {line.publisher}:{line.offer}:{line.sku}:{exact}", told
    message = f"The value '{option}' of parameter 'disk.creationData.createOption' is invalid."
    raise refusal(400, "InvalidParameter", message)


def check_sku(asked: object) -> dict[str, str]:
    """Return a disk type as it is shown; refuses one that there is not."""
    name = asked.get("name", "Standard_LRS") if isinstance(asked, dict) else "Standard_LRS"
    if name not in TYPES:
        message = f"The value '{name}' of parameter 'sku.name' is invalid: {', '.join(TYPES)}."
        raise refusal(400, "InvalidParameter", message)
    return {"name": name, "tier": name.partition("_")[0].removesuffix("SSD")}


def _check_size(size: object, least: int) -> None:
    if not isinstance(size, int) or not 1 <= size <= 65536:
        message = f"The value '{size}' of parameter 'disk.diskSizeGB' is out of range."
        raise refusal(400, "InvalidParameter", message)
    if size < least:
        message = f"Disk size {size} GB is smaller than the {least} GB it has: it cannot shrink."
        raise refusal(409, "OperationNotAllowed", message)
