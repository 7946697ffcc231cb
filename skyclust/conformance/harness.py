"""What a provider's tests give to the suite: access to a sandbox cloud, and control of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from skyclust.contract import CredentialModel
from skyclust.model.instance import InstanceReference, InstanceSpec
from skyclust.model.resource import ResourceKind


class Failure(StrEnum):
    """How the sandbox cloud fails, until `recover()` is called."""

    THROTTLED = "throttled"  # every call is answered with the cloud's rate-limit error
    BROKEN = "broken"  # every call is answered with an error of the service (HTTP 5xx)
    DENIED = "denied"  # every call in the harness's region lacks the permission
    EXPIRED = "expired"  # the credential is refused in every call
    LOST_REPLY = "lost reply"  # the next create is carried out once, and its reply is lost
    LOST_CHANGE = "lost change"  # so is the reply of the next call that changes anything
    HTML = "html"  # every call is answered with status 200 and a page of HTML
    NULL = "null"  # every call is answered with status 200 and `null`, or an empty body
    NO_LIST = "no list"  # every list is answered with status 200 and without the list
    ENDLESS = "endless"  # every list continues with a page that it had before
    NO_CAPACITY = "no capacity"  # no instance can be created: the cloud has no room for it
    NO_QUOTA = "no quota"  # no instance can be created: a limit of the account is reached


class ProviderHarness(Protocol):
    """A sandbox cloud for one test: new or reset, and without failures.

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
        """Return a good credential with an endpoint where nothing listens."""

    def fail(self, failure: Failure) -> None:
        """Make the cloud fail from the next call on."""

    def recover(self) -> None:
        """End every failure."""

    def calls(self) -> int:
        """Return how many calls have reached the cloud, refused ones included."""

    def unmapped_errors(self) -> Sequence[str]:
        """Return the SDK's error classes and codes that the provider does not map."""


class InventoryHarness(ProviderHarness, Protocol):
    """What the suite of `InventoryProvider` needs in addition."""

    @property
    def smallest_page(self) -> int:
        """Return the smallest page the cloud makes; 1 unless its API refuses that."""

    def seed(self, kind: ResourceKind, count: int) -> Sequence[str]:
        """Make resources of a kind in the region, in states that last; return their ids."""

    def corrupt(self, kind: ResourceKind) -> str:
        """Make one resource of a kind unreadable in the cloud's answers.

        What the cloud always sends, and no reader can do without, is missing from it or of
        another type. There is one that was seeded. Returns what the error names it by.
        """


class ComputeHarness(InventoryHarness, Protocol):
    """What the suite of `ComputeProvider` needs in addition."""

    @property
    def deadline_seconds(self) -> float:
        """Return the seconds within which any change of state must happen."""

    @property
    def poll_seconds(self) -> float:
        """Return the seconds between two polls of an instance that changes."""

    @property
    def other_type(self) -> str:
        """Return a type that an instance of `spec()` can be resized to."""

    @property
    def unknown_instance_id(self) -> str:
        """Return a well-formed id that no instance has."""

    @property
    def unknown(self) -> Mapping[str, str]:
        """Return well-formed names of an `image`, `type` and `network` that do not exist."""

    def spec(self, name: str) -> InstanceSpec:
        """Return the spec of an instance that the region accepts: tags, image, network by id.

        With a public address where the provider makes one for the instance.
        """

    def spec_by_names(self, name: str) -> InstanceSpec:
        """Return the same spec, with the names of its image and network."""

    def instance_count(self) -> int:
        """Return how many instances exist in the region, counted by the cloud itself.

        Instances being deleted count, deleted ones do not.
        """

    def resource_ids(self) -> Sequence[str]:
        """Return the ids of all that creating an instance may leave behind, from the cloud itself.

        Instances, and the disks, interfaces and addresses that can be made for one; sorted.
        """

    def reuse_id(self, instance: InstanceReference) -> InstanceReference | None:
        """Make a running instance of somebody else that has the id of a deleted instance.

        Returns its reference, or None where the cloud never gives an id again.
        """

    def reboots(self) -> int:
        """Return how many reboots the cloud has carried out."""

    def interrupt_after(self, calls: int) -> None:
        """Simulate a crash of the process: after so many calls the cloud carries out one more,
        whose reply is lost, and refuses every later one until `recover()`.
        """


class CatalogHarness(ComputeHarness, Protocol):
    """What the suite of `CatalogProvider` needs in addition."""

    @property
    def image_family(self) -> str:
        """Return a family that the cloud has images of, for instances of `spec()`'s type."""


class SnapshotHarness(ComputeHarness, Protocol):
    """What the suite of `SnapshotProvider` needs in addition."""

    def write_disks(self, instance_id: str, text: str) -> None:
        """Write a text to every disk of an instance, as software in it would."""

    def read_disks(self, instance_id: str) -> Sequence[str]:
        """Return the text on each disk that the instance has now, "" for an empty disk."""


class DiskHarness(ComputeHarness, Protocol):
    """What the suite of `DiskProvider` needs in addition."""

    @property
    def unknown_disk_id(self) -> str:
        """Return a well-formed id that no disk has."""

    def spare_disk(self) -> str:
        """Make an unattached disk in the zone of the instances of `spec()`; return its id."""


class ConsoleHarness(ComputeHarness, Protocol):
    """What the suite of `ConsoleProvider` needs in addition."""

    @property
    def console_text(self) -> str:
        """Return a part of what every instance writes to its console when it boots."""
