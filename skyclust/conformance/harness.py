"""What a provider's tests tell the suite about its sandbox cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from skyclust.contract import CredentialModel
from skyclust.model.instance import InstanceReference, InstanceSpec
from skyclust.model.resource import ResourceKind


class Failure(StrEnum):
    """How the sandbox cloud goes wrong, until `recover()` is called."""

    THROTTLED = "throttled"  # every call is told to slow down
    BROKEN = "broken"  # every call is answered with an error of the service (HTTP 5xx)
    DENIED = "denied"  # every call in the harness's region lacks the permission
    EXPIRED = "expired"  # the credential is refused in every call
    LOST_REPLY = "lost reply"  # the next create is carried out once, and its reply is lost
    LOST_CHANGE = "lost change"  # so is the reply of the next call that changes anything
    HTML = "html"  # every call is answered with status 200 and a page of HTML
    NULL = "null"  # every call is answered with status 200 and `null`, or an empty body
    NO_LIST = "no list"  # every list is answered with status 200 and nothing of a list in it
    ENDLESS = "endless"  # every list goes on with a page that was there before
    NO_CAPACITY = "no capacity"  # no machine can be made: the cloud has no room for it
    NO_QUOTA = "no quota"  # no machine can be made: a limit of the account is reached


class ProviderHarness(Protocol):
    """A sandbox cloud of its own for one test: new or reset, and failing in nothing.

    The suite makes failures that do not end by themselves, so let the SDK give up within a
    second or so (a patched sleep between its attempts, not fewer attempts).
    """

    @property
    def region(self) -> str:
        """Return the region that the suite works in."""

    def credential(self) -> CredentialModel:
        """Return a credential, with a secret in it, that may do everything."""

    def wrong_credential(self) -> CredentialModel:
        """Return a well-formed credential, with a secret in it, that the cloud refuses."""

    def unreachable_credential(self) -> CredentialModel:
        """Return a good credential whose endpoint nothing listens at."""

    def fail(self, failure: Failure) -> None:
        """Make the cloud fail from the next call on."""

    def recover(self) -> None:
        """End every failure."""

    def calls(self) -> int:
        """Return how many calls have reached the cloud, refused ones included."""

    def unmapped_errors(self) -> Sequence[str]:
        """Return the SDK's error classes and codes that have no place in the error tree."""


class InventoryHarness(ProviderHarness, Protocol):
    """What the suite of `InventoryProvider` needs besides."""

    @property
    def smallest_page(self) -> int:
        """Return the smallest page the cloud makes; 1 unless its API refuses that."""

    def seed(self, kind: ResourceKind, count: int) -> Sequence[str]:
        """Make resources of a kind in the region, in states that last; return their ids."""

    def spoil(self, kind: ResourceKind) -> str:
        """Let the cloud show one resource of a kind in a way that nobody can read.

        What the cloud always sends, and no reader can do without, is missing from it or of
        another type. There is one that was seeded. Returns what the error names it by.
        """


class ComputeHarness(InventoryHarness, Protocol):
    """What the suite of `ComputeProvider` needs besides."""

    @property
    def deadline_seconds(self) -> float:
        """Return the time in which any change of state must have happened."""

    @property
    def poll_seconds(self) -> float:
        """Return the time between two looks at a machine that changes."""

    @property
    def other_type(self) -> str:
        """Return a type that a machine of `spec()` can be resized to."""

    @property
    def unknown_instance_id(self) -> str:
        """Return a well-formed id that no machine has."""

    @property
    def unknown(self) -> Mapping[str, str]:
        """Return well-formed values that name nothing, for `image`, `type` and `network`."""

    def spec(self, name: str) -> InstanceSpec:
        """Return a machine that can be made in the region: tags, image and network by id.

        With a public address where the provider makes one for the machine.
        """

    def spec_by_names(self, name: str) -> InstanceSpec:
        """Return the same machine, its image and network given by their names."""

    def machines(self) -> int:
        """Return how many machines exist in the region by the cloud's own count.

        Machines being deleted count, deleted ones do not.
        """

    def belongings(self) -> Sequence[str]:
        """Return the ids of all that making a machine may leave behind, by the cloud's count.

        Machines, and the disks, interfaces and addresses that can be made for one; sorted.
        """

    def reuse(self, instance: InstanceReference) -> InstanceReference | None:
        """Make a running machine, as somebody else would, that has the id of one that is gone.

        Returns its reference, or None where the cloud never gives an id again.
        """

    def reboots(self) -> int:
        """Return how many requests for a reboot the cloud has carried out."""

    def break_after(self, calls: int) -> None:
        """Let the process seem to die: after so many calls the cloud carries out one more,
        whose reply is lost, and refuses every later one until `recover()`.
        """


class CatalogHarness(ComputeHarness, Protocol):
    """What the suite of `CatalogProvider` needs besides."""

    @property
    def image_family(self) -> str:
        """Return a family that the cloud has images of, for machines of `spec()`'s type."""


class SnapshotHarness(ComputeHarness, Protocol):
    """What the suite of `SnapshotProvider` needs besides."""

    def write(self, instance_id: str, text: str) -> None:
        """Write a text to every disk of a machine, as software in the machine would."""

    def read(self, instance_id: str) -> Sequence[str]:
        """Return the text on each disk that the machine has now, "" where there is none."""


class DiskHarness(ComputeHarness, Protocol):
    """What the suite of `DiskProvider` needs besides."""

    @property
    def unknown_disk_id(self) -> str:
        """Return a well-formed id that no disk has."""

    def spare_disk(self) -> str:
        """Make a disk that nothing uses, where machines of `spec()` are; return its id."""


class ConsoleHarness(ComputeHarness, Protocol):
    """What the suite of `ConsoleProvider` needs besides."""

    @property
    def console_text(self) -> str:
        """Return a piece of what every machine writes to its console when it comes up."""
