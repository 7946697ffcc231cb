"""The routes of Microsoft.Compute."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure import operation_status, tracked_resources
from skyclust_sandbox.azure.compute import (
    boot_diagnostics,
    disks,
    galleries,
    images,
    snapshots,
    ssh_public_keys,
    virtual_machine_images,
    virtual_machine_power,
    virtual_machine_sizes,
    virtual_machine_updates,
    virtual_machines,
)
from skyclust_sandbox.azure.resource_routes import (
    COMPUTE,
    GROUP,
    LOCATION,
    list_routes,
    resource_routes,
)
from skyclust_sandbox.azure.router import Route

_PUBLISHERS: Final = f"{LOCATION}/publishers"
_OFFERS: Final = f"{_PUBLISHERS}/{{publisher}}/artifacttypes/vmimage/offers"
_SKUS: Final = f"{_OFFERS}/{{offer}}/skus"
_VERSIONS: Final = f"{_SKUS}/{{sku}}/versions"

_CATALOG: Final = (
    Route("ResourceSkus_List", "GET", f"{COMPUTE}/skus", virtual_machine_sizes.list_skus),
    Route(
        "VirtualMachineSizes_List", "GET", f"{LOCATION}/vmSizes", virtual_machine_sizes.list_sizes
    ),
    Route("Usage_List", "GET", f"{LOCATION}/usages", operation_status.list_usage),
    Route(
        "VirtualMachineImages_ListPublishers",
        "GET",
        _PUBLISHERS,
        virtual_machine_images.list_publishers,
    ),
    Route("VirtualMachineImages_ListOffers", "GET", _OFFERS, virtual_machine_images.list_offers),
    Route("VirtualMachineImages_ListSkus", "GET", _SKUS, virtual_machine_images.list_skus),
    Route("VirtualMachineImages_List", "GET", _VERSIONS, virtual_machine_images.list_versions),
    Route(
        "VirtualMachineImages_Get",
        "GET",
        f"{_VERSIONS}/{{version}}",
        virtual_machine_images.get_version,
    ),
)

_MACHINE: Final = f"{GROUP}/providers/{virtual_machines.KIND}/{{name}}"
_MACHINES: Final = (
    Route("VirtualMachines_Get", "GET", _MACHINE, virtual_machines.get),
    Route("VirtualMachines_CreateOrUpdate", "PUT", _MACHINE, virtual_machines.put),
    Route("VirtualMachines_Update", "PATCH", _MACHINE, virtual_machine_updates.update),
    Route("VirtualMachines_Delete", "DELETE", _MACHINE, virtual_machine_power.delete),
    Route(
        "VirtualMachines_InstanceView",
        "GET",
        f"{_MACHINE}/instanceView",
        virtual_machines.get_instance_view,
    ),
    Route("VirtualMachines_Start", "POST", f"{_MACHINE}/start", virtual_machine_power.start),
    Route(
        "VirtualMachines_PowerOff", "POST", f"{_MACHINE}/powerOff", virtual_machine_power.power_off
    ),
    Route(
        "VirtualMachines_Deallocate",
        "POST",
        f"{_MACHINE}/deallocate",
        virtual_machine_power.deallocate,
    ),
    Route("VirtualMachines_Restart", "POST", f"{_MACHINE}/restart", virtual_machine_power.restart),
    Route(
        "VirtualMachines_RetrieveBootDiagnosticsData",
        "POST",
        f"{_MACHINE}/retrieveBootDiagnosticsData",
        boot_diagnostics.retrieve,
    ),
    Route(
        "VirtualMachines_AttachDetachDataDisks",
        "POST",
        f"{_MACHINE}/attachDetachDataDisks",
        virtual_machine_updates.attach_detach,
    ),
    Route(
        "VirtualMachines_ListAvailableSizes",
        "GET",
        f"{_MACHINE}/vmSizes",
        virtual_machine_sizes.list_available_sizes,
    ),
    Route(
        "VirtualMachines_List",
        "GET",
        f"{GROUP}/providers/{virtual_machines.KIND}",
        virtual_machines.list_group,
    ),
    Route(
        "VirtualMachines_ListAll", "GET", f"{COMPUTE}/virtualMachines", virtual_machines.list_all
    ),
    Route(
        "VirtualMachines_ListByLocation",
        "GET",
        f"{LOCATION}/virtualMachines",
        virtual_machines.list_location,
    ),
)

_COMPUTE_KINDS: Final = (
    *resource_routes("Disks", disks.KIND, disks.put, ("Update", disks.update), disks.delete),
    *list_routes("Disks", disks.KIND, "ListByResourceGroup", "List"),
    *resource_routes(
        "Snapshots",
        snapshots.KIND,
        snapshots.put,
        ("Update", snapshots.update),
        snapshots.delete,
    ),
    *list_routes("Snapshots", snapshots.KIND, "ListByResourceGroup", "List"),
    *resource_routes("Images", images.KIND, images.put, ("Update", images.update), images.delete),
    *list_routes("Images", images.KIND, "ListByResourceGroup", "List"),
    *resource_routes(
        "SshPublicKeys",
        ssh_public_keys.KIND,
        ssh_public_keys.put,
        ("Update", tracked_resources.update_tags(ssh_public_keys.KIND)),
        ssh_public_keys.delete,
    ),
    *list_routes(
        "SshPublicKeys", ssh_public_keys.KIND, "ListByResourceGroup", "ListBySubscription"
    ),
)


_GALLERY: Final = f"{GROUP}/providers/{galleries.KIND}/{{name}}"
_DEFINITIONS: Final = f"{_GALLERY}/images"
_IMAGE_VERSIONS: Final = f"{_DEFINITIONS}/{{child}}/versions"


def _gallery(noun: str, kind: str, path: str) -> tuple[Route, ...]:
    return (
        Route(f"{noun}_Get", "GET", path, galleries.get(kind)),
        Route(f"{noun}_CreateOrUpdate", "PUT", path, galleries.put(kind)),
        Route(f"{noun}_Delete", "DELETE", path, galleries.delete(kind)),
    )


_GALLERIES: Final = (
    *_gallery("Galleries", galleries.KIND, _GALLERY),
    *_gallery("GalleryImages", galleries.DEFINITION, f"{_DEFINITIONS}/{{child}}"),
    *_gallery("GalleryImageVersions", galleries.VERSION, f"{_IMAGE_VERSIONS}/{{grandchild}}"),
    *list_routes("Galleries", galleries.KIND, "ListByResourceGroup", "List"),
    Route(
        "GalleryImages_ListByGallery",
        "GET",
        _DEFINITIONS,
        galleries.list_children(galleries.DEFINITION),
    ),
    Route(
        "GalleryImageVersions_ListByGalleryImage",
        "GET",
        _IMAGE_VERSIONS,
        galleries.list_children(galleries.VERSION),
    ),
)

ROUTES: Final = (*_CATALOG, *_MACHINES, *_COMPUTE_KINDS, *_GALLERIES)
