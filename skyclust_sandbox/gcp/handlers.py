"""The handler of each API method, and the collections that get and list methods read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from skyclust_sandbox.gcp import (
    access_configs,
    addresses,
    attachments,
    disks,
    firewalls,
    generic_resources,
    images,
    instance_lifecycle,
    instance_settings,
    instances,
    networks,
    projects,
    regions,
    resources,
    serial_port,
    snapshots,
    subnetworks,
)
from skyclust_sandbox.gcp.locations import ZONES, scopes_of
from skyclust_sandbox.gcp.machine_types import disk_types, machine_types
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.responses import Resource, not_found

Handler = Callable[[RequestContext], Resource]


def _set_labels(collection: str) -> Handler:
    """Return the handler of a collection's method setLabels."""

    def handle(context: RequestContext) -> Resource:
        reference = context.reference(collection, context.path["resource"])
        return resources.set_labels(context, reference)

    return handle


HANDLERS: Final[Mapping[str, Handler]] = {
    "compute.addresses.delete": addresses.delete,
    "compute.addresses.insert": addresses.insert,
    "compute.addresses.setLabels": _set_labels("addresses"),
    "compute.disks.createSnapshot": snapshots.create_from_disk,
    "compute.disks.delete": disks.delete,
    "compute.disks.insert": disks.insert,
    "compute.disks.resize": disks.resize,
    "compute.disks.setLabels": _set_labels("disks"),
    "compute.firewalls.insert": firewalls.insert,
    "compute.forwardingRules.setLabels": _set_labels("forwardingRules"),
    "compute.globalAddresses.delete": addresses.delete,
    "compute.globalAddresses.insert": addresses.insert,
    "compute.globalAddresses.setLabels": _set_labels("addresses"),
    "compute.globalForwardingRules.setLabels": _set_labels("forwardingRules"),
    "compute.images.delete": images.delete,
    "compute.images.getFromFamily": images.get_from_family,
    "compute.images.insert": images.insert,
    "compute.images.setLabels": _set_labels("images"),
    "compute.instances.addAccessConfig": access_configs.add_access_config,
    "compute.instances.attachDisk": attachments.attach_disk,
    "compute.instances.delete": instances.delete,
    "compute.instances.deleteAccessConfig": access_configs.delete_access_config,
    "compute.instances.detachDisk": attachments.detach_disk,
    "compute.instances.getSerialPortOutput": serial_port.get_serial_port_output,
    "compute.instances.insert": instances.insert,
    "compute.instances.reset": instance_lifecycle.reset,
    "compute.instances.resume": instance_lifecycle.resume,
    "compute.instances.setDeletionProtection": instance_settings.set_deletion_protection,
    "compute.instances.setDiskAutoDelete": attachments.set_disk_auto_delete,
    "compute.instances.setLabels": instance_settings.set_labels,
    "compute.instances.setMachineType": instance_settings.set_machine_type,
    "compute.instances.setMetadata": instance_settings.set_metadata,
    "compute.instances.setTags": instance_settings.set_tags,
    "compute.instances.start": instance_lifecycle.start,
    "compute.instances.stop": instance_lifecycle.stop,
    "compute.instances.suspend": instance_lifecycle.suspend,
    "compute.networks.delete": networks.delete,
    "compute.networks.insert": networks.insert,
    "compute.projects.get": projects.get,
    "compute.projects.setCommonInstanceMetadata": projects.set_common_instance_metadata,
    "compute.regions.get": regions.get_region,
    "compute.snapshots.delete": snapshots.delete,
    "compute.snapshots.insert": snapshots.insert,
    "compute.snapshots.setLabels": _set_labels("snapshots"),
    "compute.subnetworks.delete": subnetworks.delete,
    "compute.subnetworks.insert": subnetworks.insert,
    "compute.zones.get": regions.get_zone,
}
"""The handlers of single methods, by method id.

The other methods of a collection are handled by `change_generic_resource`, `get`,
`list_in_scope` and `list_by_scope`.
"""

SCOPES: Final[Mapping[str, tuple[str, ...]]] = {
    "addresses": ("global", "regions"),
    "backendServices": ("global", "regions"),
    "diskTypes": ("zones",),
    "disks": ("regions", "zones"),
    "firewalls": ("global",),
    "forwardingRules": ("global", "regions"),
    "healthChecks": ("global", "regions"),
    "images": ("global",),
    "instanceGroups": ("zones",),
    "instances": ("zones",),
    "machineTypes": ("zones",),
    "networks": ("global",),
    "operations": ("global", "regions", "zones"),
    "regions": ("global",),
    "routers": ("regions",),
    "snapshots": ("global",),
    "subnetworks": ("regions",),
    "targetHttpProxies": ("global", "regions"),
    "targetHttpsProxies": ("global", "regions"),
    "targetPools": ("regions",),
    "targetTcpProxies": ("global", "regions"),
    "urlMaps": ("global", "regions"),
    "zones": ("global",),
}
"""The collections that can be read, each with the kinds of its scopes."""


def collection_of(name: str) -> str:
    """Return the collection of a method group such as `globalAddresses` or `regionUrlMaps`."""
    for prefix in ("global", "region", "zone"):
        rest = name.removeprefix(prefix)
        if rest != name and rest[0].isupper():
            return rest[0].lower() + rest[1:]
    return name


def change_generic_resource(context: RequestContext, collection: str) -> Resource | None:
    """Start an insert or delete of a generic resource; None for other methods and collections."""
    if collection not in generic_resources.KINDS:
        return None
    match context.method.action:
        case "insert":
            return generic_resources.insert(context, collection)
        case "delete":
            return generic_resources.delete(context, collection)
        case _:
            return None


def get(context: RequestContext, collection: str) -> Resource:
    """Return the resource in the path; raises Refused when it does not exist."""
    reference = context.reference(collection, list(context.path.values())[-1])
    resource = _resources(context, collection, context.scope).get(reference.name)
    if resource is None:
        raise not_found(reference.path)
    return resource


def list_in_scope(context: RequestContext, collection: str) -> Iterable[Resource]:
    """Return the resources of a collection in the scope of this call."""
    if collection == "regions":
        return regions.list_regions(context)
    return _resources(context, collection, context.scope).values()


def list_by_scope(context: RequestContext, collection: str) -> dict[str, Iterable[Resource]]:
    """Return the resources of a collection in each of its scopes."""
    return {
        scope: _resources(context, collection, scope).values()
        for scope in scopes_of(SCOPES[collection])
    }


def _resources(context: RequestContext, collection: str, scope: str) -> Mapping[str, Resource]:
    project, zone = context.project.name, scope.removeprefix("zones/")
    match collection:
        case "machineTypes":
            return machine_types(project, zone) if zone in ZONES else {}
        case "diskTypes":
            return disk_types(project, zone) if zone in ZONES else {}
        case "zones":
            return regions.zones(project)
        case _:
            return context.project.resources.get(collection, {}).get(scope, {})
