"""Which call is carried out by what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from skyclust_sandbox.gcp import (
    addresses,
    attachments,
    disks,
    generic_resources,
    images,
    instance_lifecycle,
    instances,
    networks,
    projects,
    resources,
    snapshots,
)
from skyclust_sandbox.gcp.lists import scopes_of
from skyclust_sandbox.gcp.locations import ZONES
from skyclust_sandbox.gcp.machine_types import disk_types, machine_types
from skyclust_sandbox.gcp.responses import Resource, not_found
from skyclust_sandbox.gcp.state import Work

Handler = Callable[[Work], Resource]

HANDLERS: Final[Mapping[str, Handler]] = {
    "compute.addresses.delete": addresses.delete,
    "compute.addresses.insert": addresses.insert,
    "compute.addresses.setLabels": lambda work: set_labels(work, "addresses"),
    "compute.disks.createSnapshot": snapshots.create_of_disk,
    "compute.disks.delete": disks.delete,
    "compute.disks.insert": disks.insert,
    "compute.disks.resize": disks.resize,
    "compute.disks.setLabels": lambda work: set_labels(work, "disks"),
    "compute.firewalls.insert": networks.insert_firewall,
    "compute.forwardingRules.setLabels": lambda work: set_labels(work, "forwardingRules"),
    "compute.globalAddresses.delete": addresses.delete,
    "compute.globalAddresses.insert": addresses.insert,
    "compute.globalAddresses.setLabels": lambda work: set_labels(work, "addresses"),
    "compute.globalForwardingRules.setLabels": lambda work: set_labels(work, "forwardingRules"),
    "compute.images.delete": images.delete,
    "compute.images.getFromFamily": images.get_from_family,
    "compute.images.insert": images.insert,
    "compute.images.setLabels": lambda work: set_labels(work, "images"),
    "compute.instances.addAccessConfig": attachments.add_access_config,
    "compute.instances.attachDisk": attachments.attach_disk,
    "compute.instances.delete": instances.delete,
    "compute.instances.deleteAccessConfig": attachments.delete_access_config,
    "compute.instances.detachDisk": attachments.detach_disk,
    "compute.instances.getSerialPortOutput": instance_lifecycle.serial_port_output,
    "compute.instances.insert": instances.insert,
    "compute.instances.reset": instance_lifecycle.reset,
    "compute.instances.resume": instance_lifecycle.resume,
    "compute.instances.setDeletionProtection": instance_lifecycle.set_deletion_protection,
    "compute.instances.setDiskAutoDelete": attachments.set_disk_auto_delete,
    "compute.instances.setLabels": instance_lifecycle.set_labels,
    "compute.instances.setMachineType": instance_lifecycle.set_machine_type,
    "compute.instances.setMetadata": instance_lifecycle.set_metadata,
    "compute.instances.setTags": instance_lifecycle.set_tags,
    "compute.instances.start": instance_lifecycle.start,
    "compute.instances.stop": instance_lifecycle.stop,
    "compute.instances.suspend": instance_lifecycle.suspend,
    "compute.networks.delete": networks.delete_network,
    "compute.networks.insert": networks.insert_network,
    "compute.projects.get": projects.project,
    "compute.projects.setCommonInstanceMetadata": projects.set_common_metadata,
    "compute.regions.get": projects.region,
    "compute.snapshots.delete": snapshots.delete,
    "compute.snapshots.insert": snapshots.insert,
    "compute.snapshots.setLabels": lambda work: set_labels(work, "snapshots"),
    "compute.subnetworks.delete": networks.delete_subnetwork,
    "compute.subnetworks.insert": networks.insert_subnetwork,
    "compute.zones.get": projects.zone,
}
"""What is carried out by code of its own; `plain_handler` and `readable` know the rest."""

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
"""The collections that can be read, and the scopes that each is in."""


def collection_of(name: str) -> str:
    """Return the collection that `globalAddresses` or `regionBackendServices` is about."""
    for prefix in ("global", "region", "zone"):
        rest = name.removeprefix(prefix)
        if rest != name and rest[0].isupper():
            return rest[0].lower() + rest[1:]
    return name


def plain_handler(work: Work, collection: str) -> Resource | None:
    """Carry out a change of a resource that is kept as given; None where there is no such."""
    if collection not in generic_resources.KINDS:
        return None
    match work.method.action:
        case "insert":
            return generic_resources.insert(work, collection)
        case "delete":
            return generic_resources.delete(work, collection)
        case _:
            return None


def set_labels(work: Work, collection: str) -> Resource:
    """Replace the labels of a resource."""
    return resources.set_labels(work, work.reference(collection, work.path["resource"]))


def get(work: Work, collection: str) -> Resource:
    """Return one resource of this call's scope."""
    where = work.reference(collection, list(work.path.values())[-1])
    found = _in_scope(work, collection, work.scope).get(where.name)
    if found is None:
        raise not_found(where.path)
    return found


def in_this_scope(work: Work, collection: str) -> Iterable[Resource]:
    """Return the resources of this call's scope."""
    if collection == "regions":
        return projects.regions(work)
    return _in_scope(work, collection, work.scope).values()


def in_all_scopes(work: Work, collection: str) -> dict[str, Iterable[Resource]]:
    """Return the resources of all scopes that a collection is in."""
    return {
        scope: _in_scope(work, collection, scope).values()
        for scope in scopes_of(SCOPES[collection])
    }


def _in_scope(work: Work, collection: str, scope: str) -> Mapping[str, Resource]:
    project, zone = work.project.name, scope.removeprefix("zones/")
    match collection:
        case "machineTypes":
            return machine_types(project, zone) if zone in ZONES else {}
        case "diskTypes":
            return disk_types(project, zone) if zone in ZONES else {}
        case "zones":
            return projects.zones(project)
        case _:
            return work.project.resources.get(collection, {}).get(scope, {})
