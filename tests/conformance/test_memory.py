"""The reference provider joins the suite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import pytest

from skyclust.conformance import (
    AccountInventorySuite,
    CatalogSuite,
    ComputeSuite,
    ConsoleSuite,
    DeletionSuite,
    DiskSuite,
    Failure,
    PlacementSuite,
    ProviderSuite,
    SnapshotSuite,
    TagSuite,
    memory_disks,
)
from skyclust.conformance.memory import MemoryProvider
from skyclust.conformance.memory_access import CLOUDS, MemoryCredential
from skyclust.conformance.memory_cloud import MemoryCloud
from skyclust.conformance.memory_items import Code
from skyclust.conformance.memory_translation import ERRORS, NATIVE_KINDS
from skyclust.model.instance import InstanceReference, InstanceSpec
from skyclust.model.resource import ResourceKind

ENDPOINT = "http://conformance.memory"
KEY = "memory-key"


class MemoryHarness:
    """One cloud in memory."""

    region = "east-1"
    smallest_page = 1
    deadline_seconds = 2.0
    poll_seconds = 0.002
    other_type = "large"
    unknown_instance_id = "server-999999"
    unknown_disk_id = "disk-999999"
    image_family = "debian-13"
    console_text = " is up"
    unknown: ClassVar = {"image": "image-999999", "type": "enormous", "network": "network-999999"}

    def __init__(self, cloud: MemoryCloud) -> None:
        self._cloud = cloud
        self._image = cloud.add(self.region, "image", "debian-13")
        self._network = cloud.add(self.region, "network", "default")

    def credential(self) -> MemoryCredential:
        return MemoryCredential.model_validate({"endpoint": ENDPOINT, "key": KEY})

    def wrong_credential(self) -> MemoryCredential:
        return MemoryCredential.model_validate({"endpoint": ENDPOINT, "key": "stolen-key"})

    def unreachable_credential(self) -> MemoryCredential:
        return MemoryCredential.model_validate({"endpoint": "http://nobody.memory", "key": KEY})

    def fail(self, failure: Failure) -> None:
        self._cloud.fail(failure, self.region)

    def recover(self) -> None:
        self._cloud.recover()

    def calls(self) -> int:
        return self._cloud.calls

    def unmapped_errors(self) -> Sequence[str]:
        return sorted(set(Code) - set(ERRORS))

    def seed(self, kind: ResourceKind, count: int) -> Sequence[str]:
        native = NATIVE_KINDS[kind]
        return [self._cloud.add(self.region, native, f"seeded-{n}").id for n in range(count)]

    def corrupt(self, kind: ResourceKind) -> str:
        return self._cloud.corrupt(self.region, NATIVE_KINDS[kind])

    def reuse_id(self, instance: InstanceReference) -> InstanceReference:
        serial = self._cloud.reuse_id(self.region, instance.id)
        return instance.model_copy(update={"unique_id": serial})

    def reboots(self) -> int:
        return self._cloud.reboots

    def spec(self, name: str) -> InstanceSpec:
        return InstanceSpec(
            name=name,
            region=self.region,
            type="small",
            image=self._image.id,
            network=self._network.id,
            tags={"owner": "conformance", "empty": ""},
        )

    def spec_by_names(self, name: str) -> InstanceSpec:
        names = {"image": self._image.name, "network": self._network.name}
        return self.spec(name).model_copy(update=names)

    def instance_count(self) -> int:
        return len(self._cloud.existing(self.region, "server"))

    def resource_ids(self) -> Sequence[str]:
        kinds = ("server", "disk")
        return sorted(item.id for kind in kinds for item in self._cloud.existing(self.region, kind))

    def interrupt_after(self, calls: int) -> None:
        self._cloud.interrupt_after(calls)

    def spare_disk(self) -> str:
        return self._cloud.add(self.region, "disk", "spare", size="1").id

    def write_disks(self, instance_id: str, text: str) -> None:
        memory_disks.write_text(self._cloud, KEY, self.region, instance_id, text)

    def read_disks(self, instance_id: str) -> Sequence[str]:
        return memory_disks.read_texts(self._cloud, KEY, self.region, instance_id)


class TestMemory(
    ProviderSuite,
    AccountInventorySuite,
    ComputeSuite,
    CatalogSuite,
    PlacementSuite,
    SnapshotSuite,
    DiskSuite,
    DeletionSuite,
    ConsoleSuite,
    TagSuite,
):
    provider_class = MemoryProvider
    harness_class = MemoryHarness

    @pytest.fixture
    def harness(self) -> Iterator[MemoryHarness]:
        CLOUDS[ENDPOINT] = MemoryCloud()
        yield self.harness_class(CLOUDS[ENDPOINT])
        del CLOUDS[ENDPOINT]
