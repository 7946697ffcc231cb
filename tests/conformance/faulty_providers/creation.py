"""Creates that make two instances, or an instance that differs from the request."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence

from skyclust.conformance.memory import MemoryProvider
from skyclust.conformance.memory_items import Code
from skyclust.contract import CredentialModel
from skyclust.errors import (
    InvalidRequest,
    NotFound,
    SkyClustError,
    Transient,
)
from skyclust.model.instance import Instance, InstanceSpec, InstanceState


class IgnoresTheToken(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        return super().create_instance(spec, uuid.uuid4().hex)


class ChecksBeforeItCreates(MemoryProvider):
    """Searches for the token before it creates, without a lock in between."""

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        found = self.find_instances(spec.region, token)
        if found:
            return found[0]
        time.sleep(0.01)
        tags = {**spec.tags, "token": token}
        return super().create_instance(spec.model_copy(update={"tags": tags}), uuid.uuid4().hex)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        pages = self._pages(region, "server", None)
        instances = [self.get_instance(region, item.id) for page in pages for item in page]
        return [instance for instance in instances if instance.tags.get("token") == token]


class RemembersTokensInTheObject(MemoryProvider):
    def __init__(self, credential: CredentialModel) -> None:
        super().__init__(credential)
        self._lock = threading.Lock()
        self._made: dict[str, Instance] = {}

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        with self._lock:
            if token not in self._made:
                self._made[token] = super().create_instance(spec, uuid.uuid4().hex)
            return self._made[token]


class RetriesWithANewToken(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        try:
            return super().create_instance(spec, token)
        except Transient:
            return super().create_instance(spec, uuid.uuid4().hex)


class AcceptsATokenForAnotherSpec(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        try:
            return super().create_instance(spec, token)
        except InvalidRequest as error:
            if error.code != Code.TOKEN_REUSED:
                raise
            return self.find_instances(spec.region, token)[0]


class FindsInstancesOfOtherTokens(MemoryProvider):
    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        pages = self._pages(region, "server", None)
        return [self.get_instance(region, item.id) for page in pages for item in page]


class FindsNothingWithoutPermission(MemoryProvider):
    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        try:
            return super().find_instances(region, token)
        except SkyClustError:
            return []


class FindsRunningInstancesOnly(MemoryProvider):
    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        found = super().find_instances(region, token)
        return [instance for instance in found if instance.state is InstanceState.RUNNING]


class DropsTheTags(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        return super().create_instance(spec.model_copy(update={"tags": {}}), token)


class LeavesDisksBehind(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        for disk in spec.disks:
            self._cloud().add(spec.region, "disk", spec.name, size=str(disk.size_gib))
        return super().create_instance(spec, token)


class UsesTheDefaultForAnUnknownName(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        try:
            return super().create_instance(spec, token)
        except NotFound:
            names = {"image": "debian-13", "network": "default"}
            return super().create_instance(spec.model_copy(update=names), token)
