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
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from skyclust.errors import SkyClustError
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.model.identity import Identity
from skyclust.model.instance import Instance, InstanceSpec
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.snapshot import InstanceSnapshot

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


@dataclass(frozen=True)
class AccountPage:
    """One page of a list of all regions: what was found, and what could not be reached.

    `unread` has the regions that the cloud left out of this list, each with the reason;
    what the list holds of such a region is no complete read of it.
    """

    resources: Sequence[Resource]
    unread: Mapping[str, SkyClustError] = field(default_factory=dict)


class AccountInventoryProvider(InventoryProvider):
    """Can list what exists in all regions at once, at the cost of one region.

    Where a cloud lists by account, region by region would read all of it once a region.
    """

    @abstractmethod
    def list_account(
        self, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[AccountPage]:
        """Yield every resource of a kind in every region of `regions()`, to the end.

        The same resources as `list_resources` gives. A region that the cloud could not reach
        is named in `unread`; any other failure raises.
        """


class ComputeProvider(ABC):
    """Can make, change and remove machines.

    A change of a machine that has ended raises NotFound or InvalidRequest, and one that the
    machine is too busy for raises Conflict with its `provider` set. `skyclust.conformance`
    tests all that stands here.
    """

    @abstractmethod
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Ask the cloud for one machine and return it as accepted, not yet awaited.

        Two calls with one token make one machine, whatever died in between. A second call
        with the token and another spec raises InvalidRequest where the cloud can tell. What
        the machine needs and the spec does not name (an interface, an address, a boot disk) is
        made with it, and nothing of it is left when the machine cannot be made. Raises
        CapacityExhausted or QuotaExceeded where the cloud refuses for that; a cloud that
        accepts first and fails later shows a machine in the state ERROR with its `failure`.
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
    def stop_instance(self, region: str, instance_id: str, *, power_off_only: bool = False) -> None:
        """Ask for a stop and return; a stopped machine is left as it is.

        A stop ends what the machine costs where the cloud can do that. `power_off_only` keeps
        its place in the cloud, which is billed on; raises Unsupported where every stop gives
        the place back.
        """

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

        A machine that is gone already is no error; what the cloud left of it is removed then.
        """


class CatalogProvider(ABC):
    """Can tell what machines can be made of."""

    @abstractmethod
    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield the types that can be asked for in a region, page by page, each once."""

    @abstractmethod
    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the images of a family that machines can be made from, the newest first.

        `family` is the house's word, distribution and version (`ubuntu-24.04`, `debian-12`),
        or the cloud's own word for a family. Empty: the cloud has none of it.
        """


class SnapshotProvider(ABC):
    """Can keep the disks of a machine as they are, and put the machine back to that."""

    @abstractmethod
    def create_snapshot(
        self, region: str, instance_id: str, name: str, token: str
    ) -> InstanceSnapshot:
        """Ask for a snapshot of all disks of a machine and return it as accepted.

        Two calls with one token make one. Raises NotFound for an unknown machine.
        """

    @abstractmethod
    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the snapshots that the machine can be put back to, the oldest first.

        Those being made, deleted or broken are told too.
        """

    @abstractmethod
    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return whether this machine has to be stopped before `restore_snapshot`."""

    @abstractmethod
    def restore_snapshot(self, region: str, instance_id: str, snapshot_id: str, token: str) -> bool:
        """Bring the machine's disks nearer to the snapshot; return whether they are there.

        Called again, with the same token and by any process, until it returns True; a call
        does not wait for long. Disks that are replaced are deleted once the others are in
        their place. Raises NotFound for an unknown machine or snapshot before anything is
        touched, InvalidRequest or Conflict when the machine has to be stopped first.
        """

    @abstractmethod
    def delete_snapshot(self, region: str, instance_id: str, snapshot_id: str) -> None:
        """Ask for the end of a snapshot and return; one that is gone is no error."""


class DiskProvider(ABC):
    """Can attach disks that exist to machines, and detach them."""

    @abstractmethod
    def get_disk(self, region: str, disk_id: str) -> Resource:
        """Return the disk as inventory does, now; raises NotFound when there is none."""

    @abstractmethod
    def attach_disk(self, region: str, instance_id: str, disk_id: str) -> None:
        """Ask for a disk to be attached to a machine and return.

        A disk that is attached to the machine already is left as it is; one that another
        machine has raises InvalidRequest or Conflict. Attached so, it outlives the machine.
        """

    @abstractmethod
    def detach_disk(self, region: str, instance_id: str, disk_id: str) -> None:
        """Ask for a disk to be detached from a machine and return; the disk stays.

        A disk that the machine does not have is left as it is. The boot disk of a running
        machine is refused with InvalidRequest.
        """


class ConsoleProvider(ABC):
    """Can show what a machine wrote to its console."""

    @abstractmethod
    def console_log(self, region: str, instance_id: str) -> str:
        """Return the newest part of the console's output that the cloud keeps.

        Empty when the machine has written nothing yet. Raises NotFound for an unknown machine.
        """


class TagProvider(ABC):
    """Can change the tags of a machine."""

    @abstractmethod
    def set_tags(
        self,
        region: str,
        instance_id: str,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set these tags, remove those, and leave all others as they are.

        Doing it twice is doing it once. Raises InvalidRequest for a tag that the cloud does
        not take, or that the machine needs to be found again, before anything is changed.
        """
