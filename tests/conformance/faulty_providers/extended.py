"""Faults of snapshots, disks, tags and catalogs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from skyclust.conformance import memory_disks
from skyclust.conformance.memory import MemoryProvider
from skyclust.contract import AccountPage
from skyclust.errors import NotFound, PermissionDenied, SkyClustError, Throttled
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec
from skyclust.model.resource import ResourceKind
from skyclust.model.snapshot import InstanceSnapshot


class LeavesADiskOfARefusedInstance(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        made = self._cloud().add(spec.region, "disk", token, size="1")
        instance = super().create_instance(spec, token)
        with self._cloud().opened(self._key, spec.region) as items:
            del items.disks[made.id]
        return instance


class CreatesAnotherAfterAnInterruption(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        found = self.find_instances(spec.region, token)
        return super().create_instance(spec, f"{token}-{len(found)}")

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        found = super().find_instances(region, token)
        return [*found, *super().find_instances(region, f"{token}-0")]


class ReportsAFullCloudAsThrottling(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        try:
            return super().create_instance(spec, token)
        except SkyClustError as error:
            raise Throttled(error.message, provider=self.name) from error


class LeavesOutTheDeniedRegion(MemoryProvider):
    def list_account(
        self, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[AccountPage]:
        pages = super().list_account(kind, page_size=page_size)
        return (AccountPage(page.resources) for page in pages)


class ListsHalfAnAccount(MemoryProvider):
    def list_account(
        self, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[AccountPage]:
        for page in self.list_resources("north-1", kind, page_size=page_size):
            yield AccountPage(page)


class ListsTypesTwice(MemoryProvider):
    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        for page in super().list_instance_types(region):
            yield page
            yield page


class ReturnsAnyImageForAFamily(MemoryProvider):
    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        found = super().list_images(region, "debian-13", architecture)
        return [image.model_copy(update={"family": family}) for image in found]


class ForbiddenCatalogIsEmpty(MemoryProvider):
    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        try:
            return super().list_images(region, family, architecture)
        except PermissionDenied:
            return []


class RestoresNothing(MemoryProvider):
    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        snapshots = self.list_snapshots(instance.region, instance.id)
        return any(snapshot.id == snapshot_id for snapshot in snapshots)


class TakesASnapshotPerCall(MemoryProvider):
    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        taken = len(self.list_snapshots(instance.region, instance.id))
        return super().create_snapshot(instance, name, f"{token}-{taken}")


class DeletesAttachedDisks(MemoryProvider):
    def delete_instance(self, instance: InstanceReference) -> None:
        with self._cloud().opened(self._key, instance.region) as items:
            held = [d for d in items.disks.values() if d.details.get("server") == instance.id]
            for disk in held:
                del items.disks[disk.id]
        super().delete_instance(instance)


class NeverDetachesADisk(MemoryProvider):
    def detach_disk(self, instance: InstanceReference, disk_id: str) -> None:
        memory_disks.get_disk(self._cloud(), self._key, instance.region, disk_id)


class UnknownConsolesAreEmpty(MemoryProvider):
    def console_log(self, region: str, instance_id: str) -> str:
        try:
            return super().console_log(region, instance_id)
        except NotFound:
            return ""


class ReplacesAllTags(MemoryProvider):
    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        super().set_tags(instance, tags, self.get_instance(instance.region, instance.id).tags)
