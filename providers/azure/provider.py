"""Microsoft Azure: the provider, each ability in a module of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from providers.azure import (
    attachments,
    catalog,
    compute,
    console,
    creation,
    identity,
    instance_snapshots,
    instances,
    inventory,
    leftovers,
    placement,
    regions,
    snapshot_restore,
    tags,
)
from providers.azure.credential import AzureCredential
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
from skyclust.errors import ConfigurationError
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.model.identity import Identity
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.snapshot import InstanceSnapshot

if TYPE_CHECKING:
    from providers.azure.client import AzureClients

# The SDK takes most of a second to import, so only a provider that is used imports it. Whether
# it is installed shall be known before.
for _package in ("azure.identity", "azure.mgmt.compute", "azure.mgmt.network"):
    if find_spec(_package) is None:
        raise ModuleNotFoundError(f"{_package} is not installed", name=_package)


class AzureProvider(
    Provider,
    AccountInventoryProvider,
    ComputeProvider,
    CatalogProvider,
    PlacementProvider,
    SnapshotProvider,
    DiskProvider,
    ConsoleProvider,
    TagProvider,
):
    """One Azure subscription: inventory and machines (Microsoft.Compute, Microsoft.Network)."""

    name: ClassVar[str] = "azure"
    title: ClassVar[str] = "Microsoft Azure"
    credential_model: ClassVar[type[CredentialModel]] = AzureCredential
    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(inventory.READERS)

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; raises ConfigurationError when it is another provider's."""
        if not isinstance(credential, AzureCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is no Azure credential.", provider=self.name
            )
        from providers.azure.client import AzureClients  # noqa: PLC0415 - see above

        self._clients: AzureClients = AzureClients(credential)

    def verify(self) -> Identity:
        """Return subscription, principal, and the needed permissions that are missing."""
        return identity.get_identity(self._clients)

    def regions(self) -> Sequence[str]:
        """Return the physical locations that the subscription may use, sorted."""
        return regions.get_regions(self._clients)

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in a region; Azure alone decides the size of a page."""
        del page_size
        return inventory.list_resources(self._clients, region, kind)

    def list_account(
        self, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[AccountPage]:
        """Yield every resource of a kind in all regions; Azure alone decides the size of a page."""
        del page_size
        return inventory.list_account(self._clients, kind)

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Ask for one machine, or find the one made with the token, and return it."""
        return creation.create_instance(self._clients, spec, token)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the machines made with this token that still exist, in any resource group."""
        return instances.find_instances(self._clients, region, tags.to_tag(token))

    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the machine as it is now; Azure knows nothing of a deleted one."""
        return instances.get_instance(self._clients, region, instance_id)

    def start_instance(self, instance: InstanceReference) -> None:
        """Ask for a start and return; a running machine is left as it is."""
        compute.start_instance(self._clients, instance)

    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Ask for a stop and return: the machine is deallocated, or only powered off.

        One that is only powered off is billed as if it ran.
        """
        compute.stop_instance(self._clients, instance, power_off_only=power_off_only)

    def reboot_instance(self, instance: InstanceReference) -> None:
        """Ask for a reboot of a running machine and return."""
        compute.reboot_instance(self._clients, instance)

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether the machine's present hardware lacks the size."""
        return compute.must_stop_to_resize(self._clients, instance, instance_type)

    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Give a machine another size and return; Azure reboots one that runs."""
        compute.resize_instance(self._clients, instance, instance_type)

    def delete_instance(self, instance: InstanceReference) -> None:
        """Ask for the end of the machine and of what was made for it; a gone one is no error."""
        compute.delete_instance(self._clients, instance)

    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Remove what bears the mark of a machine that is gone; nothing that is in use."""
        leftovers.remove_leftovers(self._clients, instance)

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield the sizes that the subscription may have in a region."""
        return catalog.list_instance_types(self._clients, region)

    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the versions of a family's image, or of `publisher:offer:sku`, newest first."""
        return catalog.list_images(self._clients, region, family, architecture)

    def check_placement(self, spec: InstanceSpec) -> None:
        """Raise for what a create would refuse before it makes anything."""
        placement.check_placement(self._clients, spec)

    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Ask for a snapshot of each disk of a machine and return them as one."""
        return instance_snapshots.create_snapshot(self._clients, instance, name, token)

    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the snapshots of a machine that SkyClust took, the oldest first."""
        return instance_snapshots.list_snapshots(self._clients, region, instance_id)

    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return whether the machine has to be deallocated first."""
        return snapshot_restore.must_stop_to_restore(instance)

    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Bring the machine's disks nearer to the snapshot; return whether they are there."""
        return snapshot_restore.restore_snapshot(self._clients, instance, snapshot_id, token)

    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Ask for the end of a snapshot and return; one that is gone is no error."""
        instance_snapshots.delete_snapshot(self._clients, instance, snapshot_id)

    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return the disk as it is now."""
        return attachments.get_disk(self._clients, region, disk_id)

    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Ask for a disk to be attached and return; attached so, it outlives the machine."""
        attachments.attach_disk(self._clients, instance, disk_id)

    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Ask for a disk to be detached and return; the disk stays."""
        attachments.detach_disk(self._clients, instance, disk_id)

    def console_log(self, region: str, instance_id: str) -> str:
        """Return the end of the serial console's log."""
        return console.console_log(self._clients, region, instance_id)

    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set these tags, remove those, and leave all others as they are."""
        _set_tags(self._clients, instance, tags, removed)


_set_tags = tags.set_tags
