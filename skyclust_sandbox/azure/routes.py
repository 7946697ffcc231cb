"""The operations of the REST API that the sandbox Azure carries out."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure import (
    addresses,
    catalog,
    consoles,
    disks,
    firewalls,
    galleries,
    groups,
    images,
    interfaces,
    load_balancers,
    machine_changes,
    machines,
    marketplace,
    networks,
    polling,
    power,
    snapshots,
    ssh_keys,
    subscriptions,
    tracking,
)
from skyclust_sandbox.azure.routing import Handler, Route

_SUBSCRIPTION: Final = "/subscriptions/{subscription}"
_GROUP: Final = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
_COMPUTE: Final = f"{_SUBSCRIPTION}/providers/Microsoft.Compute"
_LOCATION: Final = f"{_COMPUTE}/locations/{{location}}"
_PUBLISHERS: Final = f"{_LOCATION}/publishers"
_OFFERS: Final = f"{_PUBLISHERS}/{{publisher}}/artifacttypes/vmimage/offers"
_SKUS: Final = f"{_OFFERS}/{{offer}}/skus"
_VERSIONS: Final = f"{_SKUS}/{{sku}}/versions"
_TAGS: Final = f"{_SUBSCRIPTION}/{{scope:path}}/providers/Microsoft.Resources/tags/default"
_OPERATIONS: Final = f"{_SUBSCRIPTION}/providers/{{provider}}/locations/{{location}}"
_PERMISSIONS: Final = "providers/Microsoft.Authorization/permissions"

_ENTRA: Final = (
    Route("Tokens_Create", "POST", "/{tenant}/oauth2/v2.0/token", None),
    Route(
        "Tenants_OpenIdConfiguration",
        "GET",
        "/{tenant}/v2.0/.well-known/openid-configuration",
        None,
    ),
    Route("Instances_Discover", "GET", "/common/discovery/instance", None),
    Route("ManagedIdentity_GetToken", "GET", "/metadata/identity/oauth2/token", None),
    Route("ManagedIdentity_GetToken", "GET", "/msi/token", None),
    Route("Blobs_Get", "GET", "/bootdiagnostics/{subscription}/{group}/{name}/{blob}", None),
)

_RESOURCES: Final = (
    Route("Subscriptions_List", "GET", "/subscriptions", subscriptions.list_all),
    Route("Subscriptions_Get", "GET", _SUBSCRIPTION, subscriptions.get),
    Route(
        "Subscriptions_ListLocations",
        "GET",
        f"{_SUBSCRIPTION}/locations",
        subscriptions.list_locations,
    ),
    Route("Tenants_List", "GET", "/tenants", subscriptions.list_tenants),
    Route(
        "Permissions_ListForSubscription",
        "GET",
        f"{_SUBSCRIPTION}/{_PERMISSIONS}",
        subscriptions.list_permissions,
    ),
    Route(
        "Permissions_ListForResourceGroup",
        "GET",
        f"{_GROUP}/{_PERMISSIONS}",
        subscriptions.list_permissions,
    ),
    Route("Resources_List", "GET", f"{_SUBSCRIPTION}/resources", groups.list_resources),
    Route("Resources_ListByResourceGroup", "GET", f"{_GROUP}/resources", groups.list_resources),
    Route("ResourceGroups_List", "GET", f"{_SUBSCRIPTION}/resourceGroups", groups.list_all),
    Route("ResourceGroups_CheckExistence", "HEAD", _GROUP, groups.check_existence),
    Route("ResourceGroups_Get", "GET", _GROUP, groups.get),
    Route("ResourceGroups_CreateOrUpdate", "PUT", _GROUP, groups.put),
    Route("ResourceGroups_Update", "PATCH", _GROUP, groups.update),
    Route("ResourceGroups_Delete", "DELETE", _GROUP, groups.delete),
    Route("Tags_GetAtScope", "GET", _TAGS, subscriptions.get_tags),
    Route("Tags_CreateOrUpdateAtScope", "PUT", _TAGS, subscriptions.put_tags),
    Route("Tags_UpdateAtScope", "PATCH", _TAGS, subscriptions.patch_tags),
    Route("Tags_DeleteAtScope", "DELETE", _TAGS, subscriptions.delete_tags),
    Route("Operations_Get", "GET", f"{_OPERATIONS}/operations/{{operation}}", polling.status),
    Route("Operations_Get", "GET", f"{_OPERATIONS}/operationResults/{{operation}}", polling.result),
)

_CATALOG: Final = (
    Route("ResourceSkus_List", "GET", f"{_COMPUTE}/skus", catalog.list_skus),
    Route("VirtualMachineSizes_List", "GET", f"{_LOCATION}/vmSizes", catalog.list_sizes),
    Route("Usage_List", "GET", f"{_LOCATION}/usages", polling.list_usage),
    Route("VirtualMachineImages_ListPublishers", "GET", _PUBLISHERS, marketplace.list_publishers),
    Route("VirtualMachineImages_ListOffers", "GET", _OFFERS, marketplace.list_offers),
    Route("VirtualMachineImages_ListSkus", "GET", _SKUS, marketplace.list_skus),
    Route("VirtualMachineImages_List", "GET", _VERSIONS, marketplace.list_versions),
    Route("VirtualMachineImages_Get", "GET", f"{_VERSIONS}/{{version}}", marketplace.get_version),
)


def _collection(
    noun: str, kind: str, put: Handler, patch: tuple[str, Handler], delete: Handler
) -> tuple[Route, ...]:
    """Return the routes that every kind of resource has, but for its lists."""
    one = f"{_GROUP}/providers/{kind}/{{name}}"
    return (
        Route(f"{noun}_Get", "GET", one, tracking.get(kind)),
        Route(f"{noun}_CreateOrUpdate", "PUT", one, put),
        Route(f"{noun}_{patch[0]}", "PATCH", one, patch[1]),
        Route(f"{noun}_Delete", "DELETE", one, delete),
    )


def _lists(noun: str, kind: str, in_group: str, in_subscription: str) -> tuple[Route, ...]:
    """Return the routes of the two lists; Compute and Network have other names for them."""
    listed = tracking.list_of(kind)
    return (
        Route(f"{noun}_{in_group}", "GET", f"{_GROUP}/providers/{kind}", listed),
        Route(f"{noun}_{in_subscription}", "GET", f"{_SUBSCRIPTION}/providers/{kind}", listed),
    )


_MACHINE: Final = f"{_GROUP}/providers/{machines.KIND}/{{name}}"
_MACHINES: Final = (
    Route("VirtualMachines_Get", "GET", _MACHINE, machines.get),
    Route("VirtualMachines_CreateOrUpdate", "PUT", _MACHINE, machines.put),
    Route("VirtualMachines_Update", "PATCH", _MACHINE, machine_changes.update),
    Route("VirtualMachines_Delete", "DELETE", _MACHINE, power.delete),
    Route(
        "VirtualMachines_InstanceView",
        "GET",
        f"{_MACHINE}/instanceView",
        machines.get_instance_view,
    ),
    Route("VirtualMachines_Start", "POST", f"{_MACHINE}/start", power.start),
    Route("VirtualMachines_PowerOff", "POST", f"{_MACHINE}/powerOff", power.power_off),
    Route("VirtualMachines_Deallocate", "POST", f"{_MACHINE}/deallocate", power.deallocate),
    Route("VirtualMachines_Restart", "POST", f"{_MACHINE}/restart", power.restart),
    Route(
        "VirtualMachines_RetrieveBootDiagnosticsData",
        "POST",
        f"{_MACHINE}/retrieveBootDiagnosticsData",
        consoles.retrieve,
    ),
    Route(
        "VirtualMachines_AttachDetachDataDisks",
        "POST",
        f"{_MACHINE}/attachDetachDataDisks",
        machine_changes.attach_detach,
    ),
    Route(
        "VirtualMachines_ListAvailableSizes",
        "GET",
        f"{_MACHINE}/vmSizes",
        catalog.list_available_sizes,
    ),
    Route(
        "VirtualMachines_List", "GET", f"{_GROUP}/providers/{machines.KIND}", machines.list_group
    ),
    Route("VirtualMachines_ListAll", "GET", f"{_COMPUTE}/virtualMachines", machines.list_all),
    Route(
        "VirtualMachines_ListByLocation",
        "GET",
        f"{_LOCATION}/virtualMachines",
        machines.list_location,
    ),
)

_COMPUTE_KINDS: Final = (
    *_collection("Disks", disks.KIND, disks.put, ("Update", disks.update), disks.delete),
    *_lists("Disks", disks.KIND, "ListByResourceGroup", "List"),
    *_collection(
        "Snapshots",
        snapshots.KIND,
        snapshots.put,
        ("Update", snapshots.update),
        snapshots.delete,
    ),
    *_lists("Snapshots", snapshots.KIND, "ListByResourceGroup", "List"),
    *_collection("Images", images.KIND, images.put, ("Update", images.update), images.delete),
    *_lists("Images", images.KIND, "ListByResourceGroup", "List"),
    *_collection(
        "SshPublicKeys",
        ssh_keys.KIND,
        ssh_keys.put,
        ("Update", tracking.update_tags(ssh_keys.KIND)),
        ssh_keys.delete,
    ),
    *_lists("SshPublicKeys", ssh_keys.KIND, "ListByResourceGroup", "ListBySubscription"),
)


_GALLERY: Final = f"{_GROUP}/providers/{galleries.KIND}/{{name}}"
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
    *_lists("Galleries", galleries.KIND, "ListByResourceGroup", "List"),
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


def _network(noun: str, kind: str, put: Handler, delete: Handler) -> tuple[Route, ...]:
    patch = ("UpdateTags", tracking.update_tags(kind))
    return (
        *_collection(noun, kind, put, patch, delete),
        *_lists(noun, kind, "List", "ListAll"),
    )


_SUBNETS: Final = f"{_GROUP}/providers/{networks.KIND}/{{name}}/subnets"
_NETWORK_KINDS: Final = (
    *_network(
        "VirtualNetworks",
        networks.KIND,
        networks.put,
        tracking.delete(networks.KIND, networks.refuse_used_network, networks.forget),
    ),
    Route("Subnets_List", "GET", _SUBNETS, networks.list_subnets),
    Route("Subnets_Get", "GET", f"{_SUBNETS}/{{child}}", networks.get_subnet),
    Route("Subnets_CreateOrUpdate", "PUT", f"{_SUBNETS}/{{child}}", networks.put_subnet),
    Route("Subnets_Delete", "DELETE", f"{_SUBNETS}/{{child}}", networks.delete_subnet),
    *_network(
        "NetworkInterfaces",
        interfaces.KIND,
        interfaces.put,
        tracking.delete(interfaces.KIND, interfaces.refuse_used, interfaces.unbind),
    ),
    *_network(
        "PublicIPAddresses",
        addresses.KIND,
        addresses.put,
        tracking.delete(addresses.KIND, addresses.refuse_used, addresses.forget),
    ),
    *_network(
        "NetworkSecurityGroups",
        firewalls.KIND,
        firewalls.put,
        tracking.delete(firewalls.KIND, firewalls.refuse_used, firewalls.forget),
    ),
    *_network(
        "LoadBalancers",
        load_balancers.KIND,
        load_balancers.put,
        tracking.delete(load_balancers.KIND, load_balancers.refuse_used, load_balancers.forget),
    ),
)

ROUTES: Final = (
    *_ENTRA,
    *_RESOURCES,
    *_CATALOG,
    *_MACHINES,
    *_COMPUTE_KINDS,
    *_GALLERIES,
    *_NETWORK_KINDS,
)
"""All of them; the first that fits is taken."""
