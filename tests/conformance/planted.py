"""Providers with one fault each, planted to see the conformance suite find it.

Each is the memory provider but for one mistake that real adapters have made.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from skyclust.conformance.memory import (
    NATIVE_KINDS,
    MemoryCredential,
    MemoryProvider,
    cloud_errors,
)
from skyclust.conformance.memory_cloud import Code
from skyclust.contract import CredentialModel
from skyclust.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Transient,
    Unavailable,
)
from skyclust.model.identity import Identity
from skyclust.model.instance import Instance, InstanceSpec, InstanceState
from skyclust.model.resource import Resource, ResourceKind

Pages = Iterator[Sequence[Resource]]

# Lists


class WrongCredentialsAreAnEmptyCloud(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        try:
            yield from super().list_resources(region, kind, page_size=page_size)
        except AuthenticationFailed:
            return


class DeniedRegionIsEmpty(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        try:
            yield from super().list_resources(region, kind, page_size=page_size)
        except PermissionDenied:
            return


class UnknownRegionIsEmpty(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        try:
            yield from super().list_resources(region, kind, page_size=page_size)
        except InvalidRequest:
            return


class LaterPagesFailSilently(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        pages = super().list_resources(region, kind, page_size=page_size)
        yield next(pages)
        try:
            yield from pages
        except SkyClustError:
            return


class ReadsTheFirstPageOnly(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        yield next(super().list_resources(region, kind, page_size=page_size))


class ForgetsTheLastPage(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        pages = list(super().list_resources(region, kind, page_size=page_size))
        yield from pages[:-1] if len(pages) > 1 else pages


class RepeatsAPage(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind, page_size=page_size):
            yield page
        yield page


class CutsOnePageIntoMany(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind):
            yield from ([resource] for resource in page)


class IgnoresThePageSize(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        yield from super().list_resources(region, kind)


class ListsNothingOfAnUnsupportedKind(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        if kind in self.kinds:
            yield from super().list_resources(region, kind, page_size=page_size)


class ListsEveryRegionEverywhere(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for place in self.regions():
            yield from super().list_resources(place, kind, page_size=page_size)


class SharesItsPlaceBetweenThreads(MemoryProvider):
    """Keeps the marker of the next page in the object."""

    _marker = ""

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        self._marker = ""
        while True:
            with cloud_errors():
                items, self._marker = self._cloud().list_items(
                    self._key, region, NATIVE_KINDS[kind], limit=page_size, after=self._marker
                )
            time.sleep(0.001)
            yield [_resource(region, kind, item.id) for item in items]
            if not self._marker:
                return


class TellsNaiveTimes(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind, page_size=page_size):
            yield [_with(resource, created_at=datetime(2026, 1, 1)) for resource in page]  # noqa: DTZ001


class PutsObjectsIntoAttributes(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind, page_size=page_size):
            yield [_with(resource, attributes={"made": resource.created_at}) for resource in page]


class DropsTheNativeState(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind, page_size=page_size):
            yield [_with(resource, native_state=None) for resource in page]


class ReadsDifferentlyEachTime(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind, page_size=page_size):
            yield [_with(resource, attributes={"etag": uuid.uuid4().hex}) for resource in page]


class ListsWhatIsDeleted(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in self._pages(region, NATIVE_KINDS[kind], page_size):
            yield [_resource(region, kind, item.id) for item in page]


# Making machines


class IgnoresTheToken(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        return super().create_instance(spec, uuid.uuid4().hex)


class LooksBeforeItMakes(MemoryProvider):
    """Looks for the token first, as if nobody could come in between."""

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        found = self.find_instances(spec.region, token)
        if found:
            return found[0]
        time.sleep(0.01)
        tags = {**spec.tags, "token": token}
        return super().create_instance(spec.model_copy(update={"tags": tags}), uuid.uuid4().hex)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        pages = self._pages(region, "machine", None)
        machines = [self.get_instance(region, item.id) for page in pages for item in page]
        return [machine for machine in machines if machine.tags.get("token") == token]


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


class TriesAgainWithANewToken(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        try:
            return super().create_instance(spec, token)
        except Transient:
            return super().create_instance(spec, uuid.uuid4().hex)


class TakesATokenForAnotherSpec(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        try:
            return super().create_instance(spec, token)
        except InvalidRequest as error:
            if error.code != Code.TOKEN_REUSED:
                raise
            return self.find_instances(spec.region, token)[0]


class FindsEverybodysMachines(MemoryProvider):
    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        pages = self._pages(region, "machine", None)
        return [self.get_instance(region, item.id) for page in pages for item in page]


class FindsNothingWhenItMayNotLook(MemoryProvider):
    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        try:
            return super().find_instances(region, token)
        except SkyClustError:
            return []


class FindsRunningMachinesOnly(MemoryProvider):
    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        found = super().find_instances(region, token)
        return [machine for machine in found if machine.state is InstanceState.RUNNING]


class DropsTheTags(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        return super().create_instance(spec.model_copy(update={"tags": {}}), token)


class LeavesDisksBehind(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        for disk in spec.disks:
            self._cloud().add(spec.region, "disk", spec.name, size=str(disk.size_gib))
        return super().create_instance(spec, token)


class TakesTheDefaultForWhatItDoesNotFind(MemoryProvider):
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        try:
            return super().create_instance(spec, token)
        except NotFound:
            names = {"image": "debian-13", "network": "default"}
            return super().create_instance(spec.model_copy(update=names), token)


# Changing machines


class StartsTheDead(MemoryProvider):
    """Makes a deleted machine run again, as a cloud without a state machine would."""

    def start_instance(self, region: str, instance_id: str) -> None:
        try:
            super().start_instance(region, instance_id)
        except InvalidRequest:
            self._cloud()._set(region, instance_id, "building", then="active")


class AsksToTryTheDeadAgain(MemoryProvider):
    def start_instance(self, region: str, instance_id: str) -> None:
        try:
            super().start_instance(region, instance_id)
        except InvalidRequest as error:
            raise Conflict(error.message, provider=self.name) from error


class RefusesToStartWhatRuns(MemoryProvider):
    def start_instance(self, region: str, instance_id: str) -> None:
        if self.get_instance(region, instance_id).state is InstanceState.RUNNING:
            raise InvalidRequest("The machine runs already.", provider=self.name)
        super().start_instance(region, instance_id)


class ForgetsAnEarlyStart(MemoryProvider):
    def start_instance(self, region: str, instance_id: str) -> None:
        try:
            super().start_instance(region, instance_id)
        except Conflict:
            return


class ResizesWhileRunning(MemoryProvider):
    def resize_instance(self, region: str, instance_id: str, instance_type: str) -> None:
        try:
            super().resize_instance(region, instance_id, instance_type)
        except InvalidRequest:
            return


class RefusesTheTypeItHas(MemoryProvider):
    def resize_instance(self, region: str, instance_id: str, instance_type: str) -> None:
        with cloud_errors():
            self._cloud().set_machine_type(self._key, region, instance_id, instance_type)


class CannotDeleteTwice(MemoryProvider):
    def delete_instance(self, region: str, instance_id: str) -> None:
        if self.get_instance(region, instance_id).state is InstanceState.DELETED:
            raise NotFound("The machine is gone.", provider=self.name)
        super().delete_instance(region, instance_id)


class CannotDeleteTheUnknown(MemoryProvider):
    def delete_instance(self, region: str, instance_id: str) -> None:
        with cloud_errors():
            self._cloud().end_machine(self._key, region, instance_id)


class ShowsAMachineThatNeverWas(MemoryProvider):
    def get_instance(self, region: str, instance_id: str) -> Instance:
        try:
            return super().get_instance(region, instance_id)
        except NotFound:
            return Instance(
                provider=self.name,
                region=region,
                id=instance_id,
                name="",
                state=InstanceState.DELETED,
                native_state="unknown",
                type="",
            )


class SeesMachinesWithTwoPairsOfEyes(MemoryProvider):
    """Tells another name of a machine by get than by list."""

    def get_instance(self, region: str, instance_id: str) -> Instance:
        machine = super().get_instance(region, instance_id)
        return machine.model_copy(update={"name": machine.name.upper()})


# Errors, credential, declaration


class RaisesTheSdksErrors(MemoryProvider):
    def regions(self) -> Sequence[str]:
        return sorted(self._cloud().list_regions(self._key))


class HidesTheCause(MemoryProvider):
    def regions(self) -> Sequence[str]:
        try:
            return super().regions()
        except SkyClustError as error:
            raise type(error)(error.message, provider=self.name) from None


class TellsAThrottleAsAnOutage(MemoryProvider):
    def regions(self) -> Sequence[str]:
        try:
            return super().regions()
        except Throttled as error:
            raise Unavailable(error.message, provider=self.name) from error.__cause__


class AnswersFromMemory(MemoryProvider):
    """Remembers who it is, and says so after the credential has expired."""

    _identity: Identity | None = None

    def verify(self) -> Identity:
        self._identity = self._identity or super().verify()
        return self._identity


class StaysBroken(MemoryProvider):
    _refused: AuthenticationFailed | None = None

    def regions(self) -> Sequence[str]:
        if self._refused is not None:
            raise self._refused
        try:
            return super().regions()
        except AuthenticationFailed as error:
            self._refused = error
            raise


class TellsRegionsInTheCloudsOrder(MemoryProvider):
    def regions(self) -> Sequence[str]:
        with cloud_errors():
            return self._cloud().list_regions(self._key)


class CallsTheCloudWhenMade(MemoryProvider):
    def __init__(self, credential: CredentialModel) -> None:
        super().__init__(credential)
        self._cloud().whoami(self._key)


class RenamesAnArgument(MemoryProvider):
    def get_instance(self, region: str, id: str) -> Instance:  # noqa: A002  # the planted fault
        return super().get_instance(region, id)


class HasADefaultOfItsOwn(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = 100
    ) -> Pages:
        return super().list_resources(region, kind, page_size=page_size)


class ShowsItsSecret(MemoryProvider):
    def __repr__(self) -> str:
        return f"ShowsItsSecret({self._key})"


class TellsTheSecretInErrors(MemoryProvider):
    def verify(self) -> Identity:
        try:
            return super().verify()
        except AuthenticationFailed as error:
            message = f"The key {self._key} is wrong."
            raise AuthenticationFailed(message, provider=self.name) from error


class PlainPasswordCredential(MemoryCredential):
    password: str | None = Field(default=None, title="Password", description="In plain text.")


class KeepsAPlainPassword(MemoryProvider):
    credential_model: ClassVar[type[CredentialModel]] = PlainPasswordCredential


class UnexplainedCredential(MemoryCredential):
    project: str | None = None


class DoesNotExplainAField(MemoryProvider):
    credential_model: ClassVar[type[CredentialModel]] = UnexplainedCredential


class OldProvider(MemoryProvider):
    contract_version: ClassVar[int] = 0


def _with(resource: Resource, **values: object) -> Resource:
    """Return a changed copy that the model did not check, as fast adapters make them."""
    return resource.model_copy(update=values)


def _resource(region: str, kind: ResourceKind, resource_id: str) -> Resource:
    return Resource(provider=MemoryProvider.name, region=region, kind=kind, id=resource_id)
