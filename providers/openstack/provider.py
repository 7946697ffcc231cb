"""OpenStack: the provider, each ability in a module of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from providers.openstack import (
    attachments,
    catalog,
    compute,
    console,
    creation,
    disks,
    flavors,
    identity,
    instance_snapshots,
    instances,
    inventory,
    placement,
    regions,
    resize,
    servers_by_token,
    snapshot_restore,
)
from providers.openstack import tags as tagging
from providers.openstack.credential import OpenStackCredential
from providers.openstack.errors import whole_answers
from providers.openstack.tokens import to_mark
from skyclust.contract import (
    CatalogProvider,
    ComputeProvider,
    ConsoleProvider,
    CredentialModel,
    DiskProvider,
    InventoryProvider,
    PlacementProvider,
    Provider,
    SnapshotProvider,
    TagProvider,
)
from skyclust.errors import ConfigurationError
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.model.identity import Identity
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.snapshot import InstanceSnapshot

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

# The SDK takes 1 s to import, so only a provider that is used imports it. Whether it is
# installed shall be known before.
if find_spec("openstack") is None:
    raise ModuleNotFoundError("openstacksdk is not installed", name="openstack")


class OpenStackProvider(
    Provider,
    InventoryProvider,
    ComputeProvider,
    CatalogProvider,
    PlacementProvider,
    SnapshotProvider,
    DiskProvider,
    ConsoleProvider,
    TagProvider,
):
    """One project of an OpenStack cloud: Nova, Glance, Neutron, and Cinder and Octavia if there."""

    name: ClassVar[str] = "openstack"
    title: ClassVar[str] = "OpenStack"
    credential_model: ClassVar[type[CredentialModel]] = OpenStackCredential
    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(inventory.SERVICES)

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; raises ConfigurationError when it is another provider's."""
        if not isinstance(credential, OpenStackCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is no OpenStack credential.", provider=self.name
            )
        from providers.openstack.client import OpenStackClients  # noqa: PLC0415 - see above

        self._clients: OpenStackClients = OpenStackClients(credential)

    @whole_answers("verify the credential")
    def verify(self) -> Identity:
        """Return project and user with their domains and roles, and what is seen to be missing."""
        return identity.get_identity(self._clients)

    @whole_answers("list the regions")
    def regions(self) -> Sequence[str]:
        """Return the regions with a compute service in the catalog, sorted."""
        return regions.get_regions(self._clients)

    @classmethod
    def service_of(cls, kind: ResourceKind) -> str:
        """Return the services that a kind is read from: each has servers of its own."""
        return inventory.service_of(kind)

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in a region; Unsupported where its service is missing."""
        return inventory.list_resources(self._clients, region, kind, page_size)

    @whole_answers("create an instance")
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Ask for one server, or find the one made with the token, and return it."""
        return creation.create_instance(self._clients, spec, token)

    @whole_answers("look for an instance")
    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the servers made with this token that still exist.

        More than one only after several creators died at once; creating again keeps one.
        """
        return servers_by_token.find_instances(self._clients, region, to_mark(token))

    @whole_answers("read an instance")
    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the server as it is now; a deleted one is NotFound."""
        return instances.get_instance(self._clients, region, instance_id)

    @whole_answers("start an instance")
    def start_instance(self, instance: InstanceReference) -> None:
        """Ask for a start and return; a paused, suspended or shelved server is brought back."""
        compute.start_instance(self._clients, instance)

    @whole_answers("stop an instance")
    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Ask for a stop and return; Nova always keeps the server's place."""
        del power_off_only
        compute.stop_instance(self._clients, instance)

    @whole_answers("reboot an instance")
    def reboot_instance(self, instance: InstanceReference) -> None:
        """Ask for a reboot of a running server and return."""
        compute.reboot_instance(self._clients, instance)

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return False: Nova resizes a running server, and starts it again itself."""
        del instance, instance_type
        return False

    @whole_answers("resize an instance")
    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Give the server another flavor and confirm it; returns when that is done."""
        resize.resize_instance(self._clients, instance, instance_type)

    @whole_answers("delete an instance")
    def delete_instance(self, instance: InstanceReference) -> None:
        """Ask for the end of the server, its volumes and its address; a gone one is no error."""
        compute.delete_instance(self._clients, instance)

    @whole_answers("remove what an instance left")
    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Delete the address of a server that is gone; Nova deletes the rest by itself."""
        compute.remove_leftovers(self._clients, instance)

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield the flavors that the project may use."""
        return flavors.get_instance_types(self._clients, region)

    @whole_answers("list images")
    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the images of a family, own, shared and public, the newest first."""
        return catalog.list_images(self._clients, region, family, architecture)

    @whole_answers("check a place")
    def check_placement(self, spec: InstanceSpec) -> None:
        """Look for all that the server needs, and for room within the project's quotas."""
        placement.check_placement(self._clients, spec)

    @whole_answers("take a snapshot")
    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Ask for an image of the local disk, and snapshots of all volumes."""
        return instance_snapshots.create_snapshot(self._clients, instance, name, to_mark(token))

    @whole_answers("list snapshots")
    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return what was kept of the server, the oldest first."""
        return instance_snapshots.list_snapshots(self._clients, region, instance_id)

    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return whether the server has to be stopped: one with volumes, which are taken off."""
        return snapshot_restore.must_stop_to_restore(instance)

    @whole_answers("put an instance back")
    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Bring the server nearer to the snapshot; return whether it is there."""
        return snapshot_restore.restore_snapshot(
            self._clients, instance, snapshot_id, to_mark(token)
        )

    @whole_answers("delete a snapshot")
    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Ask for the end of the image and the snapshots that make up a snapshot."""
        instance_snapshots.delete_snapshot(self._clients, instance, snapshot_id)

    @whole_answers("read a disk")
    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return the volume as inventory does, now."""
        return disks.get_disk(self._clients, region, disk_id)

    @whole_answers("attach a disk")
    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Ask for a volume to be attached to a server, which it outlives."""
        attachments.attach_disk(self._clients, instance, disk_id)

    @whole_answers("detach a disk")
    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Ask for a volume to be detached from a server."""
        attachments.detach_disk(self._clients, instance, disk_id)

    @whole_answers("read a console")
    def console_log(self, region: str, instance_id: str) -> str:
        """Return what the cloud keeps of the server's console."""
        return console.console_log(self._clients, region, instance_id)

    @whole_answers("change tags")
    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set and remove metadata, remove server tags, and leave all others as they are."""
        tagging.set_tags(self._clients, instance, tags, removed)
