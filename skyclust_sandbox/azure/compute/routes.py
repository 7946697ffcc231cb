"""The routes of Microsoft.Compute."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure.compute import (
    boot_diagnostics,
    disks,
    galleries,
    images,
    quotas,
    snapshots,
    ssh_public_keys,
    virtual_machine_deletion,
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
from skyclust_sandbox.azure.router import Handler, Route
from skyclust_sandbox.azure.tracked_resources import update_tags_handler

_PUBLISHERS: Final = f"{LOCATION}/publishers"
_OFFERS: Final = f"{_PUBLISHERS}/{{publisher}}/artifacttypes/vmimage/offers"
_SKUS: Final = f"{_OFFERS}/{{offer}}/skus"
_VERSIONS: Final = f"{_SKUS}/{{sku}}/versions"

_CATALOG: Final = (
    Route("ResourceSkus_List", "GET", f"{COMPUTE}/skus", virtual_machine_sizes.list_skus),
    Route(
        "VirtualMachineSizes_List", "GET", f"{LOCATION}/vmSizes", virtual_machine_sizes.list_sizes
    ),
    Route("Usage_List", "GET", f"{LOCATION}/usages", quotas.list_usage),
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

_VMS: Final = f"{GROUP}/providers/{virtual_machines.RESOURCE_TYPE}"
_VM: Final = f"{_VMS}/{{name}}"

_VIRTUAL_MACHINES: Final = (
    Route("VirtualMachines_Get", "GET", _VM, virtual_machines.get),
    Route("VirtualMachines_CreateOrUpdate", "PUT", _VM, virtual_machines.create_or_update),
    Route("VirtualMachines_Update", "PATCH", _VM, virtual_machine_updates.update),
    Route("VirtualMachines_Delete", "DELETE", _VM, virtual_machine_deletion.delete),
    Route(
        "VirtualMachines_InstanceView",
        "GET",
        f"{_VM}/instanceView",
        virtual_machines.get_instance_view,
    ),
    Route("VirtualMachines_Start", "POST", f"{_VM}/start", virtual_machine_power.start),
    Route("VirtualMachines_PowerOff", "POST", f"{_VM}/powerOff", virtual_machine_power.power_off),
    Route(
        "VirtualMachines_Deallocate",
        "POST",
        f"{_VM}/deallocate",
        virtual_machine_power.deallocate,
    ),
    Route("VirtualMachines_Restart", "POST", f"{_VM}/restart", virtual_machine_power.restart),
    Route(
        "VirtualMachines_RetrieveBootDiagnosticsData",
        "POST",
        f"{_VM}/retrieveBootDiagnosticsData",
        boot_diagnostics.retrieve_boot_diagnostics_data,
    ),
    Route(
        "VirtualMachines_AttachDetachDataDisks",
        "POST",
        f"{_VM}/attachDetachDataDisks",
        virtual_machine_updates.attach_detach_data_disks,
    ),
    Route(
        "VirtualMachines_ListAvailableSizes",
        "GET",
        f"{_VM}/vmSizes",
        virtual_machine_sizes.list_available_sizes,
    ),
    Route("VirtualMachines_List", "GET", _VMS, virtual_machines.list_by_resource_group),
    Route(
        "VirtualMachines_ListAll", "GET", f"{COMPUTE}/virtualMachines", virtual_machines.list_all
    ),
    Route(
        "VirtualMachines_ListByLocation",
        "GET",
        f"{LOCATION}/virtualMachines",
        virtual_machines.list_by_location,
    ),
)


def _compute_routes(
    operation_group: str,
    resource_type: str,
    *,
    create_or_update: Handler,
    update: Handler,
    delete: Handler,
    list_in_subscription: str = "List",
) -> tuple[Route, ...]:
    return (
        *resource_routes(
            operation_group,
            resource_type,
            create_or_update=create_or_update,
            patch=("Update", update),
            delete=delete,
        ),
        *list_routes(operation_group, resource_type, "ListByResourceGroup", list_in_subscription),
    )


_DISKS_AND_IMAGES: Final = (
    *_compute_routes(
        "Disks",
        disks.RESOURCE_TYPE,
        create_or_update=disks.create_or_update,
        update=disks.update,
        delete=disks.delete,
    ),
    *_compute_routes(
        "Snapshots",
        snapshots.RESOURCE_TYPE,
        create_or_update=snapshots.create_or_update,
        update=snapshots.update,
        delete=snapshots.delete,
    ),
    *_compute_routes(
        "Images",
        images.RESOURCE_TYPE,
        create_or_update=images.create_or_update,
        update=images.update,
        delete=images.delete,
    ),
    *_compute_routes(
        "SshPublicKeys",
        ssh_public_keys.RESOURCE_TYPE,
        create_or_update=ssh_public_keys.create_or_update,
        update=update_tags_handler(ssh_public_keys.RESOURCE_TYPE),
        delete=ssh_public_keys.delete,
        list_in_subscription="ListBySubscription",
    ),
)

_GALLERY: Final = f"{GROUP}/providers/{galleries.GALLERY}/{{name}}"
_GALLERY_IMAGES: Final = f"{_GALLERY}/images"
_GALLERY_IMAGE: Final = f"{_GALLERY_IMAGES}/{{image}}"
_GALLERY_IMAGE_VERSIONS: Final = f"{_GALLERY_IMAGE}/versions"
_GALLERY_IMAGE_VERSION: Final = f"{_GALLERY_IMAGE_VERSIONS}/{{version}}"


def _gallery_routes(operation_group: str, resource_type: str, path: str) -> tuple[Route, ...]:
    return (
        Route(f"{operation_group}_Get", "GET", path, galleries.get_handler(resource_type)),
        Route(
            f"{operation_group}_CreateOrUpdate",
            "PUT",
            path,
            galleries.create_or_update_handler(resource_type),
        ),
        Route(f"{operation_group}_Delete", "DELETE", path, galleries.delete_handler(resource_type)),
    )


_GALLERIES: Final = (
    *_gallery_routes("Galleries", galleries.GALLERY, _GALLERY),
    *_gallery_routes("GalleryImages", galleries.IMAGE, _GALLERY_IMAGE),
    *_gallery_routes("GalleryImageVersions", galleries.IMAGE_VERSION, _GALLERY_IMAGE_VERSION),
    *list_routes("Galleries", galleries.GALLERY, "ListByResourceGroup", "List"),
    Route(
        "GalleryImages_ListByGallery",
        "GET",
        _GALLERY_IMAGES,
        galleries.list_children_handler(galleries.IMAGE),
    ),
    Route(
        "GalleryImageVersions_ListByGalleryImage",
        "GET",
        _GALLERY_IMAGE_VERSIONS,
        galleries.list_children_handler(galleries.IMAGE_VERSION),
    ),
)

ROUTES: Final = (*_CATALOG, *_VIRTUAL_MACHINES, *_DISKS_AND_IMAGES, *_GALLERIES)
