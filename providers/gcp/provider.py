"""Google Cloud: the provider, each ability in a module of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from providers.gcp import (
    attachments,
    catalog,
    compute,
    console,
    creation,
    disks,
    identity,
    instance_snapshots,
    instances,
    inventory,
    placement,
    regions,
    snapshot_restore,
)
from providers.gcp import tags as tag_changes
from providers.gcp.credential import GcpCredential
from skyclust.contract import (
    AccountInventoryProvider,
    AccountPage,
    CatalogProvider,
    ComputeProvider,
    ConsoleProvider,
    CredentialModel,
    DiskProvider,
    Provider,
    SnapshotProvider,
    TagProvider,
)
from skyclust.contract.placement import PlacementProvider
from skyclust.errors import ConfigurationError, Unsupported
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.model.identity import Identity
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.snapshot import InstanceSnapshot

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients

# Google's libraries take half a second to import, so only a provider that is used imports
# them. Whether they are installed shall be known before.
if find_spec("google.cloud.compute_v1") is None:
    raise ModuleNotFoundError("google-cloud-compute is not installed", name="google-cloud-compute")


class GcpProvider(
    Provider,
    AccountInventoryProvider,
    ComputeProvider,
    CatalogProvider,
    SnapshotProvider,
    DiskProvider,
    ConsoleProvider,
    TagProvider,
    PlacementProvider,
):
    """One Google Cloud project: inventory and machines (Compute Engine)."""

    name: ClassVar[str] = "gcp"
    title: ClassVar[str] = "Google Cloud"
    credential_model: ClassVar[type[CredentialModel]] = GcpCredential
    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(inventory.READERS)

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; raises ConfigurationError when it is another provider's."""
        if not isinstance(credential, GcpCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is no Google Cloud credential.", provider=self.name
            )
        from providers.gcp.client import GcpClients  # noqa: PLC0415 - see above

        self._clients: GcpClients = GcpClients(credential)

    def verify(self) -> Identity:
        """Return project, principal, and the needed permissions that are missing."""
        return identity.get_identity(self._clients)

    def regions(self) -> Sequence[str]:
        """Return the project's regions and `global`, where what is in no region is listed."""
        return regions.get_regions(self._clients)

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in a region or in `global`."""
        self._require(kind)
        return inventory.list_resources(self._clients, region, kind, page_size)

    def list_account(
        self, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[AccountPage]:
        """Yield every resource of a kind in all regions, and the regions out of reach."""
        self._require(kind)
        return inventory.list_account(self._clients, kind, page_size)

    def _require(self, kind: ResourceKind) -> None:
        if kind not in self.kinds:
            raise Unsupported(f"The GCP provider does not list {kind}.", provider=self.name)

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Ask for one instance, or find the one made with the token, and return it."""
        return creation.create_instance(self._clients, spec, token)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the instances made with this token that still exist."""
        return instances.find_instances(self._clients, region, token)

    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the instance as it is now; a deleted one is NotFound at once."""
        return instances.get_instance(self._clients, region, instance_id)

    def start_instance(self, instance: InstanceReference) -> None:
        """Ask for a start and return; a running instance is left as it is."""
        compute.start_instance(self._clients, instance)

    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Ask for a stop and return; every stop gives the place back, so it is not billed on."""
        if power_off_only:
            raise Unsupported(
                "Compute Engine has no stop that keeps the place.", provider=self.name
            )
        compute.stop_instance(self._clients, instance)

    def reboot_instance(self, instance: InstanceReference) -> None:
        """Ask for a reset of a running instance and return."""
        compute.reboot_instance(self._clients, instance)

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether the instance has to be stopped first: only stopped ones are resized."""
        return compute.must_stop_to_resize(instance, instance_type)

    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Give a stopped instance another type and return."""
        compute.resize_instance(self._clients, instance, instance_type)

    def delete_instance(self, instance: InstanceReference) -> None:
        """Ask for the end of the instance and its disks; a gone instance is no error."""
        compute.delete_instance(self._clients, instance)

    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Delete the disks that a restore left of an instance that is gone."""
        compute.remove_leftovers(self._clients, instance)

    def check_placement(self, spec: InstanceSpec) -> None:
        """Raise what a create would raise for a place, a type, an image or a network."""
        placement.check_placement(self._clients, spec)

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield the machine types of a region with the zones that offer them."""
        return catalog.list_instance_types(self._clients, region)

    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the usable images of a family, the newest first."""
        return catalog.list_images(self._clients, region, family, architecture)

    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Ask for a snapshot of each disk of an instance and return them as one."""
        return instance_snapshots.create_snapshot(self._clients, instance, name, token)

    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the snapshots of an instance, the oldest first."""
        return instance_snapshots.list_snapshots(self._clients, region, instance_id)

    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return whether the instance has to be stopped first: its disks are exchanged."""
        return snapshot_restore.must_stop_to_restore(instance)

    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Exchange an instance's disks for those of a snapshot; return whether it is done."""
        return snapshot_restore.restore_snapshot(self._clients, instance, snapshot_id, token)

    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Ask for the end of a snapshot and return; one that is gone is no error."""
        instance_snapshots.delete_snapshot(self._clients, instance, snapshot_id)

    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return the disk as inventory does, now."""
        return disks.get_disk(self._clients, region, disk_id)

    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Attach a disk of the instance's zone; it outlives the instance."""
        attachments.attach_disk(self._clients, instance, disk_id)

    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Detach a disk from an instance; the disk stays."""
        attachments.detach_disk(self._clients, instance, disk_id)

    def console_log(self, region: str, instance_id: str) -> str:
        """Return what the instance wrote to its first serial port, a megabyte at most."""
        return console.console_log(self._clients, region, instance_id)

    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set these labels, remove those, and leave all others as they are."""
        tag_changes.set_tags(self._clients, instance, tags, removed)
