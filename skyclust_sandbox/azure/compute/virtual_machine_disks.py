"""The disks of a machine: made with it, attached to it, taken from it.

Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/create-or-update
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skyclust_sandbox.azure.compute import disks, galleries, images, virtual_machine_images
from skyclust_sandbox.azure.compute.virtual_machine_sizes import Size
from skyclust_sandbox.azure.locations import name_of
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import properties


@dataclass(frozen=True)
class PlannedDisk:
    """A disk of a machine: `part` is what its storage profile says of it.

    `body` is of a disk that has to be made, with its `content`; a disk that exists has none.
    """

    part: dict[str, Any]
    disk_id: str
    body: dict[str, Any] | None = None
    content: str = ""


@dataclass(frozen=True)
class NewDisk:
    """A disk to be made: its size in GiB, and what the storage profile says of it alone."""

    name: str
    size: int
    content: str
    creation: dict[str, Any]
    fields: dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where the disks of a machine are made, and for whom."""

    machine_id: str
    machine: str
    location: str
    zones: list[str]


def plan_boot_disk(ask: Ask, place: Place, storage: dict[str, Any], size: Size) -> PlannedDisk:
    """Return the boot disk that is asked for; refuses what cannot be."""
    asked = storage.get("osDisk") or {}
    option = asked.get("createOption", "FromImage")
    if option == "Attach":
        return _attached(ask.state, place, asked, {"osType": asked.get("osType", "Linux")})
    if option != "FromImage":
        message = f"The value '{option}' of parameter 'osDisk.createOption' is invalid."
        raise refusal(400, "InvalidParameter", message)
    reference = storage.get("imageReference")
    if not reference:
        message = "Required parameter 'imageReference' is missing (null)."
        raise refusal(400, "InvalidParameter", message)
    source, content, minimum = _image(ask, place.location, reference, size)
    wanted = asked.get("diskSizeGB") or minimum
    if wanted < minimum:
        message = f"The disk size {wanted} GB is smaller than the {minimum} GB of the image."
        raise refusal(400, "InvalidParameter", message)
    name = asked.get("name") or f"{place.machine}_OsDisk_1_{_random(ask.state)}"
    creation = {"createOption": "FromImage", "imageReference": {"id": source["id"]}}
    fields = {"osType": source["os"]}
    return _new(ask, place, asked, NewDisk(name, wanted, content, creation, fields))


def plan_data_disk(ask: Ask, place: Place, asked: dict[str, Any]) -> PlannedDisk:
    """Return a data disk that is asked for; refuses what cannot be."""
    lun = {"lun": asked["lun"], "toBeDetached": False}
    if asked.get("createOption") == "Attach":
        return _attached(ask.state, place, asked, lun)
    if asked.get("createOption") != "Empty" or not asked.get("diskSizeGB"):
        message = "A data disk is Empty with a diskSizeGB, or attached by its managedDisk.id."
        raise refusal(400, "InvalidParameter", message)
    name = asked.get("name") or f"{place.machine}_disk{asked['lun'] + 2}_{_random(ask.state)}"
    creation = {"createOption": "Empty"}
    return _new(ask, place, asked, NewDisk(name, asked["diskSizeGB"], "", creation, lun))


def plan_data_disks(
    ask: Ask, place: Place, asked: list[dict[str, Any]], size: Size
) -> list[PlannedDisk]:
    """Return the data disks that are asked for, each at a LUN of its own."""
    luns = [one.get("lun") for one in asked]
    if len(set(luns)) != len(luns) or not all(isinstance(lun, int) for lun in luns):
        message = "A disk at this LUN already exists: every data disk needs a lun of its own."
        raise refusal(400, "InvalidParameter", message)
    if len(asked) > size.data_disks:
        raise refusal(
            409,
            "OperationNotAllowed",
            f"The maximum number of data disks allowed to be attached to a VM of this size is"
            f" {size.data_disks}.",
        )
    return [plan_data_disk(ask, place, one) for one in asked]


def settle(ask: Ask, machine: Resource, planned: PlannedDisk) -> None:
    """Make the disk if it has to be made, and give it to the machine."""
    found = ask.state.resources.find(planned.disk_id)
    if found is None and planned.body is not None:
        found = Resource(
            id=planned.disk_id,
            type=disks.KIND,
            name=planned.body["name"],
            subscription=machine.subscription,
            group=planned.disk_id.split("/")[4],
            location=machine.location,
            body=planned.body,
            content=planned.content,
        )
        ask.state.resources.add(found)
    if found is not None:
        disks.attach(found, machine)


def owner_conflict(disk: Resource, owner: object) -> Exception:
    """Return the error to raise for a disk that another machine has."""
    return refusal(
        409,
        "ConflictingUserInput",
        f"Disk '{disk.id}' cannot be attached as the disk is already owned by VM '{owner}'.",
    )


def _attached(
    state: State, place: Place, asked: dict[str, Any], more: dict[str, Any]
) -> PlannedDisk:
    disk_id = str((asked.get("managedDisk") or {}).get("id", ""))
    disk = state.resources.find(disk_id)
    if disk is None or disk.type != disks.KIND:
        raise refusal(404, "NotFound", f"Disk {disk_id} is not found.")
    owner = disk.body.get("managedBy")
    if isinstance(owner, str) and owner.lower() != place.machine_id.lower():
        raise owner_conflict(disk, owner)
    shown = properties(disk)
    if shown["provisioningState"] == "Deleting":
        raise refusal(409, "Conflict", f"Disk {disk.name} is being deleted.")
    zones = disk.body.get("zones", [])
    if disk.location != place.location or (zones and zones != place.zones):
        message = f"Disk {disk.name} cannot be attached: it is not in the zone of the VM."
        raise refusal(400, "BadRequest", message)
    sku = disk.body["sku"]
    part = {
        "name": disk.name,
        "createOption": "Attach",
        "caching": asked.get("caching", "None" if "lun" in asked else "ReadWrite"),
        "managedDisk": {"storageAccountType": sku["name"], "id": disk.id},
        "deleteOption": asked.get("deleteOption", "Detach"),
        "diskSizeGB": shown["diskSizeGB"],
        **more,
    }
    return PlannedDisk(part, disk.id)


def _new(ask: Ask, place: Place, asked: dict[str, Any], new: NewDisk) -> PlannedDisk:
    name = new.name
    disk_id = f"{ask.group_id}/providers/{disks.KIND}/{name}"
    existing = ask.state.resources.find(disk_id)
    if existing is not None:
        raise refusal(
            409,
            "ConflictingUserInput",
            f"Disk {name} already exists in resource group {ask.names['group'].upper()}. Only"
            " CreateOption.Attach is supported.",
        )
    sku = disks.check_sku({"name": _type_of(asked)})
    source = {name: value for name, value in new.fields.items() if name == "osType"}
    body: dict[str, Any] = {
        "name": name,
        "id": disk_id,
        "type": disks.KIND,
        "location": place.location,
        "sku": sku,
        "properties": {
            **disks.described(
                ask.state, {"creationData": new.creation}, new.size, sku["name"], source
            ),
            "provisioningState": "Succeeded",
        },
    }
    if place.zones:
        body["zones"] = place.zones
    part = {
        "name": name,
        "createOption": new.creation["createOption"],
        "caching": asked.get("caching", "None" if "lun" in asked else "ReadWrite"),
        "managedDisk": {"storageAccountType": sku["name"], "id": disk_id},
        "deleteOption": asked.get("deleteOption", "Detach"),
        "diskSizeGB": new.size,
        **new.fields,
    }
    return PlannedDisk(part, disk_id, body, new.content)


def _of_gallery(state: State, location: str, version: Resource) -> tuple[dict[str, str], str, int]:
    """Return the same of a version in a gallery, for a region that it is replicated to."""
    published = properties(version).get("publishingProfile", {}).get("targetRegions", [])
    places = {version.location, *(name_of(str(one.get("name", ""))) for one in published)}
    definition = state.resources.find(version.id.rpartition("/versions/")[0])
    if location not in places or definition is None:
        message = f"The gallery image {version.id} is not available in {location} region."
        raise refusal(404, "GalleryImageNotFound", message)
    size = properties(version)["storageProfile"]["osDiskImage"]["sizeInGB"]
    return {"id": version.id, "os": properties(definition)["osType"]}, version.content, size


def _random(state: State) -> str:
    """Return what Azure puts behind the names of disks that nobody named."""
    return state.identifiers.new().replace("-", "")


def _type_of(asked: dict[str, Any]) -> str:
    return str((asked.get("managedDisk") or {}).get("storageAccountType") or "Premium_LRS")


def _image(
    ask: Ask, location: str, reference: dict[str, Any], size: Size
) -> tuple[dict[str, str], str, int]:
    """Return the id and system of an image, what its disk holds, and its size in GiB."""
    if "id" in reference:
        image_id = str(reference["id"])
        if (version := galleries.find_version(ask.state, image_id)) is not None:
            return _of_gallery(ask.state, location, version)
        image = images.find(ask.state, image_id)
        if image is None or image.location != location:
            message = f"The Resource '{reference['id']}' was not found in location {location}."
            raise refusal(404, "NotFound", message)
        system = properties(image)["storageProfile"]["osDisk"]
        return {"id": image.id, "os": system["osType"]}, image.content, system["diskSizeGB"]
    line, exact = virtual_machine_images.resolve(reference)
    if line.architecture != size.architecture:
        raise refusal(
            400,
            "BadRequest",
            f"Cannot create a VM of size '{size.name}' because this VM size only supports a CPU"
            f" Architecture of '{size.architecture}', but an image or disk with CPU Architecture"
            f" '{line.architecture}' was given. Please check that the CPU Architecture of the"
            " image or disk is compatible with that of the VM size.",
        )
    reference["exactVersion"] = exact
    image_id = (
        f"/Subscriptions/{ask.names['subscription']}/Providers/Microsoft.Compute/Locations/"
        f"{location}/Publishers/{line.publisher}/ArtifactTypes/VMImage/Offers/{line.offer}"
        f"/Skus/{line.sku}/Versions/{exact}"
    )
    content = f"image {line.publisher}:{line.offer}:{line.sku}:{exact}"
    return {"id": image_id, "os": line.os}, content, line.size_gib
