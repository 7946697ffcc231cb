"""Proxmox VE: the provider, each ability in a module of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from providers.proxmox import (
    attachments,
    catalog,
    compute,
    creation,
    deletion,
    disks,
    identity,
    images,
    instance_snapshots,
    instances,
    inventory,
    regions,
)
from providers.proxmox.credential import ProxmoxCredential
from skyclust.contract import (
    CatalogProvider,
    ComputeProvider,
    CredentialModel,
    DiskProvider,
    InventoryProvider,
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
    from providers.proxmox.client import ProxmoxConnections

# Only a provider that is used imports proxmoxer and requests. Whether they are installed shall
# be known before.
for _module in ("proxmoxer", "requests"):
    if find_spec(_module) is None:
        raise ModuleNotFoundError(f"{_module} is not installed", name=_module)


class ProxmoxProvider(
    Provider,
    InventoryProvider,
    ComputeProvider,
    CatalogProvider,
    SnapshotProvider,
    DiskProvider,
    TagProvider,
):
    """One Proxmox VE cluster: machines and containers, and what they are made of.

    The region is the cluster, its zones are the nodes.
    """

    name: ClassVar[str] = "proxmox"
    title: ClassVar[str] = "Proxmox VE"
    credential_model: ClassVar[type[CredentialModel]] = ProxmoxCredential
    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(inventory.READERS)

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; raises ConfigurationError when it is another provider's."""
        if not isinstance(credential, ProxmoxCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is no Proxmox VE credential.", provider=self.name
            )
        from providers.proxmox.client import ProxmoxConnections  # noqa: PLC0415 - see above

        self._connections: ProxmoxConnections = ProxmoxConnections(credential)

    def verify(self) -> Identity:
        """Return cluster, user or token, and the needed privileges that it has nowhere."""
        return identity.get_identity(self._connections)

    def regions(self) -> Sequence[str]:
        """Return the name of the cluster, alone; of the node, where there is no cluster."""
        return [regions.get_region(self._connections)]

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in the cluster."""
        return inventory.list_resources(self._connections, region, kind, page_size)

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Make one machine, or go on with the one made with the token, and return it."""
        return creation.create_instance(self._in(spec.region), spec, token)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the machine made with this token, if it exists."""
        return creation.find_instances(self._in(region), region, token)

    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the machine as it is now; one that is gone is NotFound, as is a template."""
        return instances.get_instance(self._in(region), region, instance_id)

    def start_instance(self, instance: InstanceReference) -> None:
        """Start a machine; one that runs is left as it is."""
        compute.start_instance(self._in(instance.region), instance)

    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Shut a machine down, or switch it off after a minute. Its place is always its own."""
        del power_off_only
        compute.stop_instance(self._in(instance.region), instance)

    def reboot_instance(self, instance: InstanceReference) -> None:
        """Shut a running machine down and start it again."""
        compute.reboot_instance(self._in(instance.region), instance)

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether the machine has to be stopped first: machines do, containers do not."""
        return compute.must_stop_to_resize(instance, instance_type)

    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Give a machine other cores and memory."""
        compute.resize_instance(self._in(instance.region), instance, instance_type)

    def delete_instance(self, instance: InstanceReference) -> None:
        """Switch a machine off and remove it with its disks; a gone machine is no error."""
        deletion.delete_instance(self._in(instance.region), instance)

    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Remove the volumes that a machine of SkyClust left; while its number is free alone."""
        deletion.remove_leftovers(self._in(instance.region), instance)

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield a ladder of sizes that the nodes can hold; others are written the same way."""
        yield from catalog.get_instance_types(self._in(region), region)

    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the templates and disk images of a family, the newest first."""
        return images.list_images(self._in(region), region, family, architecture)

    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Take a snapshot of all disks of a machine, or return the one made with the token."""
        return instance_snapshots.create_snapshot(self._in(instance.region), instance, name, token)

    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the machine's snapshots, the oldest first."""
        return instance_snapshots.list_snapshots(self._in(region), region, instance_id)

    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return whether the machine has to be stopped first."""
        return instance_snapshots.must_stop_to_restore(instance)

    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Put a stopped machine back to a snapshot; doing it again does no harm."""
        del token
        return instance_snapshots.restore_snapshot(self._in(instance.region), instance, snapshot_id)

    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Remove a snapshot; one that is gone is no error."""
        instance_snapshots.delete_snapshot(self._in(instance.region), instance, snapshot_id)

    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return the disk as inventory does, now."""
        return disks.get_disk(self._in(region), region, disk_id)

    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Put a disk that no machine owns into a drive of a machine."""
        attachments.attach_disk(self._in(instance.region), instance, disk_id)

    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Take a disk out of a machine's drive; the disk stays."""
        attachments.detach_disk(self._in(instance.region), instance, disk_id)

    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set these tags, remove those, and leave all others as they are."""
        compute.set_tags(self._in(instance.region), instance, tags, removed)

    def _in(self, region: str) -> ProxmoxConnections:
        """Return the connections for a call in a region; raises InvalidRequest elsewhere."""
        regions.refuse_elsewhere(self._connections, region)
        return self._connections
