"""Wrong declarations, credentials and errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field

from skyclust.conformance.memory import MemoryProvider
from skyclust.conformance.memory_access import MemoryCredential
from skyclust.conformance.memory_translation import cloud_errors
from skyclust.contract import CredentialModel
from skyclust.errors import (
    AuthenticationFailed,
    SkyClustError,
    Throttled,
    Unavailable,
)
from skyclust.model.identity import Identity
from skyclust.model.instance import Instance
from skyclust.model.resource import Resource, ResourceKind


class RaisesTheSdksErrors(MemoryProvider):
    def regions(self) -> Sequence[str]:
        return sorted(self._cloud().list_regions(self._key))


class HidesTheCause(MemoryProvider):
    def regions(self) -> Sequence[str]:
        try:
            return super().regions()
        except SkyClustError as error:
            raise type(error)(error.message, provider=self.name) from None


class ReportsThrottlingAsAnOutage(MemoryProvider):
    def regions(self) -> Sequence[str]:
        try:
            return super().regions()
        except Throttled as error:
            raise Unavailable(error.message, provider=self.name) from error.__cause__


class CachesItsIdentity(MemoryProvider):
    """Caches its identity, and returns it after the credential has expired."""

    _identity: Identity | None = None

    def verify(self) -> Identity:
        self._identity = self._identity or super().verify()
        return self._identity


class CachesARefusal(MemoryProvider):
    _refused: AuthenticationFailed | None = None

    def regions(self) -> Sequence[str]:
        if self._refused is not None:
            raise self._refused
        try:
            return super().regions()
        except AuthenticationFailed as error:
            self._refused = error
            raise


class ReturnsRegionsUnsorted(MemoryProvider):
    def regions(self) -> Sequence[str]:
        with cloud_errors():
            return self._cloud().list_regions(self._key)


class CallsTheCloudWhenMade(MemoryProvider):
    def __init__(self, credential: CredentialModel) -> None:
        super().__init__(credential)
        self._cloud().whoami(self._key)


class RenamesAnArgument(MemoryProvider):
    def get_instance(self, region: str, id: str) -> Instance:  # noqa: A002  # the fault
        return super().get_instance(region, id)


class HasADefaultOfItsOwn(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = 100
    ) -> Iterator[Sequence[Resource]]:
        return super().list_resources(region, kind, page_size=page_size)


class ShowsItsSecret(MemoryProvider):
    def __repr__(self) -> str:
        return f"ShowsItsSecret({self._key})"


class PutsTheSecretIntoErrors(MemoryProvider):
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
