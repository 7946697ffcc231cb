"""The OS disk and the data disks of a virtual machine.

Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/create-or-update
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skyclust_sandbox.azure.compute import disks, galleries, images, virtual_machine_images
from skyclust_sandbox.azure.compute.virtual_machine_sizes import VmSize
from skyclust_sandbox.azure.locations import normalize_location
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error
from skyclust_sandbox.azure.state import Resource, State


@dataclass(frozen=True)
class PlannedDisk:
    """A disk that a VM will have; `profile` is its entry in the VM's storage profile.

    A disk that must be created has its `body` and its `content`; an existing disk has no body.
    """

    profile: dict[str, Any]
    disk_id: str
    body: dict[str, Any] | None = None
    content: str = ""


@dataclass(frozen=True)
class NewDisk:
    """A disk to create; `size` is in GiB, `profile` the fields of only the storage profile."""

    name: str
    size: int
    content: str
    creation_data: dict[str, Any]
    profile: dict[str, Any]


@dataclass(frozen=True)
class VmPlacement:
    """The VM that disks are planned for, with its location and availability zones."""

    vm_resource_id: str
    vm_name: str
    location: str
    zones: list[str]


@dataclass(frozen=True)
class SourceImage:
    """The image that an OS disk is created from; `size` is in GiB."""

    id: str
    os_type: str
    content: str
    size: int


def plan_os_disk(
    context: RequestContext, vm: VmPlacement, storage_profile: dict[str, Any], size: VmSize
) -> PlannedDisk:
    """Return the OS disk of a storage profile; refuses an invalid one."""
    requested = storage_profile.get("osDisk") or {}
    option = requested.get("createOption", "FromImage")
    if option == "Attach":
        os_type = {"osType": requested.get("osType", "Linux")}
        return _plan_existing_disk(context.state, vm, requested, os_type)
    if option != "FromImage":
        message = f"The value '{option}' of parameter 'osDisk.createOption' is invalid."
        raise arm_error(400, "InvalidParameter", message)
    reference = storage_profile.get("imageReference")
    if not reference:
        message = "Required parameter 'imageReference' is missing (null)."
        raise arm_error(400, "InvalidParameter", message)
    image = _require_image(context, vm.location, reference, size)
    disk_size = requested.get("diskSizeGB") or image.size
    if disk_size < image.size:
        message = f"The disk size {disk_size} GB is smaller than the {image.size} GB of the image."
        raise arm_error(400, "InvalidParameter", message)
    new_disk = NewDisk(
        name=requested.get("name") or f"{vm.vm_name}_OsDisk_1_{_name_suffix(context.state)}",
        size=disk_size,
        content=image.content,
        creation_data={"createOption": "FromImage", "imageReference": {"id": image.id}},
        profile={"osType": image.os_type},
    )
    return _plan_new_disk(context, vm, requested, new_disk)


def plan_data_disk(
    context: RequestContext, vm: VmPlacement, requested: dict[str, Any]
) -> PlannedDisk:
    """Return a data disk of a storage profile; refuses an invalid one."""
    lun = {"lun": requested["lun"], "toBeDetached": False}
    if requested.get("createOption") == "Attach":
        return _plan_existing_disk(context.state, vm, requested, lun)
    if requested.get("createOption") != "Empty" or not requested.get("diskSizeGB"):
        message = "A data disk is Empty with a diskSizeGB, or attached by its managedDisk.id."
        raise arm_error(400, "InvalidParameter", message)
    number = requested["lun"] + 2
    new_disk = NewDisk(
        name=requested.get("name") or f"{vm.vm_name}_disk{number}_{_name_suffix(context.state)}",
        size=requested["diskSizeGB"],
        content="",
        creation_data={"createOption": "Empty"},
        profile=lun,
    )
    return _plan_new_disk(context, vm, requested, new_disk)


def plan_data_disks(
    context: RequestContext, vm: VmPlacement, requested: list[dict[str, Any]], size: VmSize
) -> list[PlannedDisk]:
    """Return the data disks of a new VM; refuses repeated LUNs and more disks than its size has."""
    luns = [profile.get("lun") for profile in requested]
    if len(set(luns)) != len(luns) or not all(isinstance(lun, int) for lun in luns):
        message = "A disk at this LUN already exists: every data disk needs a lun of its own."
        raise arm_error(400, "InvalidParameter", message)
    if len(requested) > size.data_disks:
        raise arm_error(
            409,
            "OperationNotAllowed",
            f"The maximum number of data disks allowed to be attached to a VM of this size is"
            f" {size.data_disks}.",
        )
    return [plan_data_disk(context, vm, profile) for profile in requested]


def create_and_attach(context: RequestContext, vm: Resource, planned: PlannedDisk) -> None:
    """Attach a planned disk to the VM; creates the disk first if it does not exist."""
    disk = context.state.resources.find(planned.disk_id)
    if disk is None and planned.body is not None:
        disk = Resource(
            id=planned.disk_id,
            type=disks.RESOURCE_TYPE,
            name=planned.body["name"],
            subscription=vm.subscription,
            group=planned.disk_id.split("/")[4],
            location=vm.location,
            body=planned.body,
            content=planned.content,
        )
        context.state.resources.add(disk)
    if disk is not None:
        disks.attach(disk, vm)


def _plan_existing_disk(
    state: State, vm: VmPlacement, requested: dict[str, Any], profile: dict[str, Any]
) -> PlannedDisk:
    """Return an existing disk; refuses one that another VM has, or in another zone."""
    disk_id = str((requested.get("managedDisk") or {}).get("id", ""))
    disk = state.resources.find(disk_id)
    if disk is None or disk.type != disks.RESOURCE_TYPE:
        raise arm_error(404, "NotFound", f"Disk {disk_id} is not found.")
    owner = disk.body.get("managedBy")
    if isinstance(owner, str) and owner.lower() != vm.vm_resource_id.lower():
        message = f"Disk '{disk.id}' cannot be attached as the disk is already owned by VM"
        raise arm_error(409, "ConflictingUserInput", f"{message} '{owner}'.")
    if disk.properties["provisioningState"] == "Deleting":
        raise arm_error(409, "Conflict", f"Disk {disk.name} is being deleted.")
    zones = disk.body.get("zones", [])
    if disk.location != vm.location or (zones and zones != vm.zones):
        message = f"Disk {disk.name} cannot be attached: it is not in the zone of the VM."
        raise arm_error(400, "BadRequest", message)
    storage_profile_entry = {
        "name": disk.name,
        "createOption": "Attach",
        "caching": _caching(requested),
        "managedDisk": {"storageAccountType": disk.body["sku"]["name"], "id": disk.id},
        "deleteOption": requested.get("deleteOption", "Detach"),
        "diskSizeGB": disk.properties["diskSizeGB"],
        **profile,
    }
    return PlannedDisk(storage_profile_entry, disk.id)


def _plan_new_disk(
    context: RequestContext, vm: VmPlacement, requested: dict[str, Any], new_disk: NewDisk
) -> PlannedDisk:
    """Return a disk to create in the request's resource group; refuses a name that is taken."""
    name = new_disk.name
    disk_id = f"{context.resource_group_id}/providers/{disks.RESOURCE_TYPE}/{name}"
    if context.state.resources.find(disk_id) is not None:
        raise arm_error(
            409,
            "ConflictingUserInput",
            f"Disk {name} already exists in resource group"
            f" {context.path_parameters['group'].upper()}. Only CreateOption.Attach is supported.",
        )
    storage_type = (requested.get("managedDisk") or {}).get("storageAccountType") or "Premium_LRS"
    sku = disks.check_sku({"name": str(storage_type)})
    source = {field: value for field, value in new_disk.profile.items() if field == "osType"}
    disk_properties = disks.disk_properties(
        context.state, {"creationData": new_disk.creation_data}, new_disk.size, sku["name"], source
    )
    body: dict[str, Any] = {
        "name": name,
        "id": disk_id,
        "type": disks.RESOURCE_TYPE,
        "location": vm.location,
        "sku": sku,
        "properties": {**disk_properties, "provisioningState": "Succeeded"},
    }
    if vm.zones:
        body["zones"] = vm.zones
    storage_profile_entry = {
        "name": name,
        "createOption": new_disk.creation_data["createOption"],
        "caching": _caching(requested),
        "managedDisk": {"storageAccountType": sku["name"], "id": disk_id},
        "deleteOption": requested.get("deleteOption", "Detach"),
        "diskSizeGB": new_disk.size,
        **new_disk.profile,
    }
    return PlannedDisk(storage_profile_entry, disk_id, body, new_disk.content)


def _caching(requested: dict[str, Any]) -> str:
    """Return the host caching of a disk: by default ReadWrite of OS disks, None of data disks."""
    default = "None" if "lun" in requested else "ReadWrite"
    return str(requested.get("caching", default))


def _name_suffix(state: State) -> str:
    """Return the suffix that Azure adds to the generated name of a disk."""
    return state.identifiers.new().replace("-", "")


def _require_image(
    context: RequestContext, location: str, reference: dict[str, Any], size: VmSize
) -> SourceImage:
    """Return the image of an image reference; refuses one of another location or architecture.

    Sets `exactVersion` of a reference to a marketplace image.
    """
    if "id" in reference:
        return _require_own_image(context.state, location, str(reference["id"]))
    sku, version = virtual_machine_images.resolve(reference)
    if sku.architecture != size.architecture:
        raise arm_error(
            400,
            "BadRequest",
            f"Cannot create a VM of size '{size.name}' because this VM size only supports a CPU"
            f" Architecture of '{size.architecture}', but an image or disk with CPU Architecture"
            f" '{sku.architecture}' was given. Please check that the CPU Architecture of the"
            " image or disk is compatible with that of the VM size.",
        )
    reference["exactVersion"] = version
    image_id = (
        f"/Subscriptions/{context.subscription}/Providers/Microsoft.Compute/Locations/"
        f"{location}/Publishers/{sku.publisher}/ArtifactTypes/VMImage/Offers/{sku.offer}"
        f"/Skus/{sku.name}/Versions/{version}"
    )
    content = f"image {sku.publisher}:{sku.offer}:{sku.name}:{version}"
    return SourceImage(image_id, sku.os, content, sku.size_gib)


def _require_own_image(state: State, location: str, image_id: str) -> SourceImage:
    """Return a gallery image version or a managed image; refuses one of another location."""
    version = galleries.find_version(state, image_id)
    if version is not None:
        return _gallery_image(state, location, version)
    image = images.find_image(state, image_id)
    if image is None or image.location != location:
        message = f"The Resource '{image_id}' was not found in location {location}."
        raise arm_error(404, "NotFound", message)
    os_disk = image.properties["storageProfile"]["osDisk"]
    return SourceImage(image.id, os_disk["osType"], image.content, os_disk["diskSizeGB"])


def _gallery_image(state: State, location: str, version: Resource) -> SourceImage:
    """Return a gallery image version; refuses a location that it is not replicated to."""
    profile = version.properties.get("publishingProfile", {})
    regions = [str(region.get("name", "")) for region in profile.get("targetRegions", [])]
    replicas = {version.location, *(normalize_location(region) for region in regions)}
    definition = state.resources.find(version.id.rpartition("/versions/")[0])
    if location not in replicas or definition is None:
        message = f"The gallery image {version.id} is not available in {location} region."
        raise arm_error(404, "GalleryImageNotFound", message)
    size = version.properties["storageProfile"]["osDiskImage"]["sizeInGB"]
    return SourceImage(version.id, definition.properties["osType"], version.content, size)
