"""What a cloud must answer to: Provider and the small capability ABCs.

A provider inherits `Provider` and each capability it has. What it does not inherit it
cannot do, and asking for it is `Unsupported`, never an empty list
(`skyclust.registry.capability`). Every list yields pages to the end: nothing yielded
means "there are none", anything that could not be read raises. Every error raised is one
of `skyclust.errors`, with the SDK's own error as its cause.

Methods are called from several threads at once; a provider object serves one credential.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from skyclust.model.identity import Identity
from skyclust.model.instance import Instance, InstanceSpec
from skyclust.model.resource import Resource, ResourceKind

CONTRACT_VERSION: Final = 1
"""Raised by one when a provider written for the old contract would break."""


class CredentialModel(BaseModel):
    """Base of every provider's credential; its fields make the form in the Prefect UI.

    Secrets are `SecretStr` fields; field names are the SDK's own. What was typed in is not
    repeated in validation errors, for it may be a secret in the wrong place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    endpoint: str | None = Field(
        default=None,
        title="Private endpoint",
        description="Base URL of a private or sovereign cloud. Empty: the public cloud.",
    )


class Provider(ABC):
    """One account of one cloud."""

    name: ClassVar[str]
    """Short lowercase name, the entry point's: `aws`."""

    title: ClassVar[str]
    """The name people read: `Amazon Web Services`."""

    contract_version: ClassVar[int] = CONTRACT_VERSION

    credential_model: ClassVar[type[CredentialModel]]

    @abstractmethod
    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; make no call to the cloud."""

    @abstractmethod
    def verify(self) -> Identity:
        """Return who the credential is and which needed permissions it lacks.

        Raises AuthenticationFailed when the cloud does not accept the credential.
        """

    @abstractmethod
    def regions(self) -> Sequence[str]:
        """Return the names of the regions that this account may use, sorted."""


class InventoryProvider(ABC):
    """Can list what exists."""

    kinds: ClassVar[frozenset[ResourceKind]]
    """The kinds it can list; any other kind is Unsupported."""

    @abstractmethod
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield every resource of a kind in a region, page by page, to the end.

        A page is read when it is asked for. A machine that has ended is not listed, even
        where the cloud still remembers it. What the cloud returns in no order is sorted, so
        that reading twice gives the same.
        `page_size` is a wish for the cloud's page size; None takes the provider's own.
        Raises Unsupported for a kind outside `kinds`, and any other error of the tree for
        a page that could not be read.
        """


class ComputeProvider(ABC):
    """Can make, change and remove machines.

    A change of a machine that has ended raises NotFound or InvalidRequest, and one that the
    machine is too busy for raises Conflict. `skyclust.conformance` tests all that stands here.
    """

    @abstractmethod
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Ask the cloud for one machine and return it as accepted, not yet awaited.

        Two calls with one token make one machine, whatever died in between. A second call
        with the token and another spec raises InvalidRequest where the cloud can tell.
        """

    @abstractmethod
    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the machines made with this token that still exist (at most one)."""

    @abstractmethod
    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the machine as it is now; raises NotFound when the cloud knows none.

        A machine that the cloud still reports after its end has the state DELETED.
        """

    @abstractmethod
    def start_instance(self, region: str, instance_id: str) -> None:
        """Ask for a start and return; a running machine is left as it is."""

    @abstractmethod
    def stop_instance(self, region: str, instance_id: str) -> None:
        """Ask for a stop and return; a stopped machine is left as it is."""

    @abstractmethod
    def reboot_instance(self, region: str, instance_id: str) -> None:
        """Ask for a reboot of a running machine and return."""

    @abstractmethod
    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether this machine has to be stopped before `resize_instance`."""

    @abstractmethod
    def resize_instance(self, region: str, instance_id: str, instance_type: str) -> None:
        """Give the machine another type and return; the caller stops it first if it must.

        A machine that has the type already is left as it is.
        """

    @abstractmethod
    def delete_instance(self, region: str, instance_id: str) -> None:
        """Ask for the end of the machine and of what was made for it alone, and return.

        A machine that is gone already is no error.
        """
