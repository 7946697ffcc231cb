"""The reference provider: the whole contract over a cloud in memory.

It is an example of an adapter: states and errors are each translated by a table, and functions
that call the cloud are separate from functions that convert its answers. Tests of the core use it
where no real wire format is needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import ClassVar

from skyclust.conformance import memory_disks
from skyclust.conformance.memory_access import CLOUDS, MemoryCredential
from skyclust.conformance.memory_cloud import MemoryCloud
from skyclust.conformance.memory_deletion import MemoryDeletion
from skyclust.conformance.memory_items import TYPES, CloudError, Code, Item
from skyclust.conformance.memory_placement import MemoryPlacement
from skyclust.conformance.memory_translation import (
    NAME,
    NATIVE_KINDS,
    cloud_errors,
    to_instance,
    to_resource,
    to_snapshot,
)
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
from skyclust.errors import NotFound, PermissionDenied, Unsupported
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.model.identity import Identity
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec, InstanceState
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.snapshot import InstanceSnapshot
from skyclust.providerkit.items import ItemReader
from skyclust.providerkit.paging import PageGuard
from skyclust.providerkit.same_instance import require_same_instance


class MemoryProvider(
    Provider,
    AccountInventoryProvider,
    ComputeProvider,
    CatalogProvider,
    MemoryPlacement,
    SnapshotProvider,
    DiskProvider,
    MemoryDeletion,
    ConsoleProvider,
    TagProvider,
):
    """The provider of a cloud in memory."""

    name: ClassVar[str] = NAME
    title: ClassVar[str] = "Cloud in memory"
    credential_model: ClassVar[type[CredentialModel]] = MemoryCredential
    keeps_capacity: ClassVar[bool] = False
    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(NATIVE_KINDS)

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; make no call to the cloud."""
        assert isinstance(credential, MemoryCredential)
        self._endpoint = credential.endpoint
        self._key = credential.key.get_secret_value()

    def verify(self) -> Identity:
        """Return the owner of the key; the cloud does not report its permissions."""
        with cloud_errors():
            owner = self._cloud().whoami(self._key)
        return Identity(provider=self.name, account=self._endpoint or "", principal=owner)

    def regions(self) -> Sequence[str]:
        """Return the cloud's regions, sorted."""
        with cloud_errors():
            return sorted(self._cloud().list_regions(self._key))

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield the resources of a kind, page by page, without deleted instances."""
        if kind not in self.kinds:
            raise Unsupported(f"The cloud in memory has no {kind}.", provider=self.name)
        reader = ItemReader(self.name, f"items of kind {kind} in {region}")
        for page in self._pages(region, NATIVE_KINDS[kind], page_size):
            present = [item for item in page if item.status != "ended"]
            yield reader.read(
                present,
                lambda item: to_resource(region, kind, item),
                region=region,
                name=lambda item: str(item.id),
            )
        reader.finish()

    def list_account(
        self, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[AccountPage]:
        """Yield the resources of a kind by region; a denied region is named in `unread`."""
        for region in self.regions():
            try:
                for page in self.list_resources(region, kind, page_size=page_size):
                    yield AccountPage(page)
            except PermissionDenied as error:
                yield AccountPage([], {region: error})

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Create an instance; the cloud itself stores the token."""
        image, network = self._image(spec), self._network(spec)
        with cloud_errors():
            item = self._cloud().create_server(
                self._key,
                spec.region,
                token=token,
                name=spec.name,
                type_name=spec.type,
                image=image,
                network=network,
                labels=spec.tags,
                disks=[disk.size_gib for disk in spec.disks],
            )
        return to_instance(spec.region, item)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the instance of a token unless it is deleted."""
        return [
            to_instance(region, item)
            for page in self._pages(region, "server", None)
            for item in page
            if item.details.get("token") == token and item.status != "ended"
        ]

    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the current state of an instance."""
        with cloud_errors():
            return to_instance(region, self._cloud().get_server(self._key, region, instance_id))

    def start_instance(self, instance: InstanceReference) -> None:
        """Request a start and return."""
        with cloud_errors():
            self._cloud().start_server(self._key, *self._verified(instance))

    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Request a stop and return; every stop of this cloud releases the capacity."""
        if power_off_only:
            raise Unsupported(
                "Every stop of the cloud in memory releases the capacity.", provider=self.name
            )
        with cloud_errors():
            self._cloud().stop_server(self._key, *self._verified(instance))

    def reboot_instance(self, instance: InstanceReference) -> None:
        """Request a reboot and return."""
        with cloud_errors():
            self._cloud().reboot_server(self._key, *self._verified(instance))

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return True for another type: the cloud changes it only while an instance is off."""
        return instance.type != instance_type

    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Change the type of an instance that is off; nothing changes if it has the type."""
        current = self.get_instance(*self._verified(instance))
        if current.type == instance_type and current.state is not InstanceState.DELETED:
            return
        with cloud_errors():
            self._cloud().set_server_type(self._key, instance.region, instance.id, instance_type)

    def delete_instance(self, instance: InstanceReference) -> None:
        """Request the deletion of an instance and its disks; a deleted one is no error."""
        try:
            current = self.get_instance(instance.region, instance.id)
        except NotFound:
            return
        require_same_instance(instance, current.unique_id, provider=self.name)
        with cloud_errors():
            self._cloud().delete_server(self._key, instance.region, instance.id)

    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Return: the cloud deletes everything with the instance."""

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield the types, which are the same in every region."""
        with cloud_errors():
            self._cloud().check_region(self._key, region)
        yield [
            InstanceType(provider=NAME, region=region, name=name, cores=cores, memory_mib=memory)
            for name, (cores, memory) in TYPES.items()
        ]

    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the images whose name is the family's; all are for x86_64."""
        items = [item for page in self._pages(region, "image", None) for item in page]
        return [
            Image(provider=NAME, region=region, id=item.id, name=item.name, family=family)
            for item in reversed(items)
            if item.name == family and architecture is Architecture.X86_64
        ]

    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Take a snapshot, or return the snapshot of the token."""
        with cloud_errors():
            item = memory_disks.take_snapshot(
                self._cloud(), self._key, *self._verified(instance), name=name, token=token
            )
        return to_snapshot(instance.region, item)

    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the snapshots of the instance, the oldest first."""
        return [
            to_snapshot(region, item)
            for page in self._pages(region, "snapshot", None)
            for item in page
            if item.details["server"] == instance_id
        ]

    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return True: the disks of an instance that is on are in use."""
        return True

    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Restore the disks at once."""
        with cloud_errors():
            memory_disks.restore_snapshot(
                self._cloud(), self._key, *self._verified(instance), snapshot_id
            )
        return True

    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Delete a snapshot; a deleted one is no error."""
        with cloud_errors():
            memory_disks.delete_snapshot(self._cloud(), self._key, instance.region, snapshot_id)

    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return the current state of a disk."""
        return self.get_resource(region, ResourceKind.DISK, disk_id)

    def attach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Attach an unattached disk; it outlives the instance."""
        with cloud_errors():
            memory_disks.attach_disk(self._cloud(), self._key, *self._verified(instance), disk_id)

    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        """Detach a disk; nothing changes if the instance does not have it."""
        with cloud_errors():
            memory_disks.detach_disk(self._cloud(), self._key, *self._verified(instance), disk_id)

    def console_log(self, region: str, instance_id: str) -> str:
        """Return the console output since the instance booted."""
        instance = self.get_instance(region, instance_id)
        return "" if instance.state is InstanceState.PENDING else f"{instance.name} is up\n"

    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set and remove labels; the token is not a label."""
        with cloud_errors():
            memory_disks.set_labels(
                self._cloud(), self._key, *self._verified(instance), tags, removed
            )

    def _verified(self, instance: InstanceReference) -> tuple[str, str]:
        """Return region and id of the instance; raises NotFound if its unique id differs."""
        current = self.get_instance(instance.region, instance.id)
        require_same_instance(instance, current.unique_id, provider=self.name)
        return instance.region, instance.id

    def _cloud(self) -> MemoryCloud:
        cloud = CLOUDS.get(self._endpoint or "")
        if cloud is None:
            raise CloudError(Code.NO_CONNECTION, f"nothing answers at {self._endpoint}")
        return cloud

    def _pages(self, region: str, native_kind: str, limit: int | None) -> Iterator[list[Item]]:
        guard = PageGuard(f"list {native_kind} in {region}", self.name)
        marker = ""
        while True:
            with cloud_errors():
                page, marker = self._cloud().list_items(
                    self._key, region, native_kind, limit=limit, after=marker
                )
            yield page
            if not marker:
                return
            guard.check(marker)
