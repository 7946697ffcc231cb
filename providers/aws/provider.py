"""Amazon Web Services: the provider, each ability in a module of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar

from providers.aws import (
    attachments,
    catalog,
    compute,
    console,
    creation,
    identity,
    instance_snapshots,
    instance_tags,
    instances,
    inventory,
    placement,
    regions,
    snapshot_restore,
)
from providers.aws.credential import AwsCredential
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
from skyclust.errors import ConfigurationError, Unsupported
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.model.identity import Identity
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec, InstanceState
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.snapshot import InstanceSnapshot

if TYPE_CHECKING:
    from providers.aws.client import AwsClients

# boto3 takes 0.4 s to import, so only a provider that is used imports it. Whether it is
# installed shall be known before.
if find_spec("boto3") is None:
    raise ModuleNotFoundError("boto3 is not installed", name="boto3")


class AwsProvider(
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
    """One AWS account: inventory and machines (EC2, Elastic Load Balancing)."""

    name: ClassVar[str] = "aws"
    title: ClassVar[str] = "Amazon Web Services"
    credential_model: ClassVar[type[CredentialModel]] = AwsCredential
    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(inventory.READERS)

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; raises ConfigurationError when it is another provider's."""
        if not isinstance(credential, AwsCredential):
            raise ConfigurationError(
                f"{type(credential).__name__} is no AWS credential.", provider=self.name
            )
        from providers.aws.client import AwsClients  # noqa: PLC0415 - see above

        self._clients: AwsClients = AwsClients(credential)

    def verify(self) -> Identity:
        """Return account, principal, and the needed permissions that are missing."""
        return identity.get_identity(self._clients)

    def regions(self) -> Sequence[str]:
        """Return the regions enabled for the account, sorted."""
        return regions.get_regions(self._clients)

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in a region; terminated instances are none."""
        return inventory.list_resources(self._clients, region, kind, page_size)

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Ask for one instance, or find the one made with the token, and return it."""
        return creation.create_instance(self._clients, spec, token)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the instances made with this token that are not terminated.

        EC2 may take seconds to list a new instance: none found right after a create whose
        answer was lost is no proof. Creating again with the token is.
        """
        return instances.find_instances(self._clients, region, creation.to_client_token(token))

    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the instance as it is now; EC2 reports a terminated one for about an hour."""
        return instances.get_instance(self._clients, region, instance_id)

    def start_instance(self, instance: InstanceReference) -> None:
        """Ask for a start and return; a running instance is left as it is."""
        compute.start_instance(self._clients, instance.region, instance.id)

    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Ask for a stop and return; every stop gives the place back, so it is not billed on."""
        if power_off_only:
            raise Unsupported("EC2 has no stop that keeps the place.", provider=self.name)
        compute.stop_instance(self._clients, instance.region, instance.id)

    def reboot_instance(self, instance: InstanceReference) -> None:
        """Ask for a reboot of a running instance and return."""
        compute.reboot_instance(self._clients, instance.region, instance.id)

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether the instance has to be stopped first: EC2 resizes stopped ones only."""
        return compute.must_stop_to_resize(instance, instance_type)

    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Give a stopped instance another type and return."""
        compute.resize_instance(self._clients, instance.region, instance.id, instance_type)

    def delete_instance(self, instance: InstanceReference) -> None:
        """Ask for the end of the instance and its disks; a gone instance is no error."""
        compute.delete_instance(self._clients, instance.region, instance.id)

    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Delete the volumes that a restore left which was broken off; EC2 removes all else."""
        snapshot_restore.remove_leftovers(self._clients, instance.region, instance.id)

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield the types offered in the region, with the zones that have them."""
        return catalog.get_instance_types(self._clients, region)

    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the images of Canonical, Debian or Amazon that are of a family."""
        return catalog.get_images(self._clients, region, family, architecture)

    def check_placement(self, spec: InstanceSpec) -> None:
        """Raise what RunInstances would be refused with for want of something in the region."""
        placement.check_placement(self._clients, spec)

    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Take snapshots of all EBS volumes at one moment, once a token."""
        return instance_snapshots.create_snapshot(
            self._clients, instance.region, instance.id, name, token
        )

    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the machine snapshots that SkyClust took, the oldest first."""
        return instance_snapshots.list_snapshots(self._clients, region, instance_id)

    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return True unless it is stopped: a root volume leaves stopped instances only."""
        return instance.state is not InstanceState.STOPPED

    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Replace the volumes by new ones made from the snapshots, a step a call."""
        return snapshot_restore.restore_snapshot(
            self._clients, instance.region, instance.id, snapshot_id, token
        )

    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Delete all parts of a machine snapshot; one that is gone is no error."""
        instance_snapshots.delete_snapshot(self._clients, instance.region, instance.id, snapshot_id)

    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return an EBS volume as inventory does."""
        return attachments.get_disk(self._clients, region, disk_id)

    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Attach a volume at the first free device; it outlives the instance."""
        attachments.attach_disk(self._clients, instance.region, instance.id, disk_id)

    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Detach a volume; a running instance keeps its root volume."""
        attachments.detach_disk(self._clients, instance.region, instance.id, disk_id)

    def console_log(self, region: str, instance_id: str) -> str:
        """Return the newest 64 KiB of the console that EC2 has collected."""
        return console.get_console_log(self._clients, region, instance_id)

    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set and remove tags; the token's tag and AWS's own cannot be changed."""
        instance_tags.set_tags(self._clients, instance.region, instance.id, tags, removed)
