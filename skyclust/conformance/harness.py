"""The harnesses that a provider's tests implement: access to a sandbox cloud, and control of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from skyclust.contract import BillingPeriod, CostMetric, CredentialModel
from skyclust.model.instance import InstanceReference, InstanceSpec
from skyclust.model.resource import ResourceKind


class Failure(StrEnum):
    """The way in which the sandbox cloud fails, until `recover()` is called."""

    THROTTLED = "throttled"  # every call is answered with the cloud's rate-limit error
    BROKEN = "broken"  # every call is answered with an error of the service (HTTP 5xx)
    DENIED = "denied"  # every call in the harness's region lacks the permission
    EXPIRED = "expired"  # the credential is refused in every call
    LOST_REPLY = "lost reply"  # the next create is carried out once, and its reply is lost
    LOST_CHANGE = "lost change"  # the same for the next call that changes anything
    HTML = "html"  # every call is answered with status 200 and a page of HTML
    NULL = "null"  # every call is answered with status 200 and `null`, or an empty body
    NO_LIST = "no list"  # every list is answered with status 200 and without the list
    ENDLESS = "endless"  # every list continues with an earlier page
    NO_CAPACITY = "no capacity"  # no instance can be created: the cloud has no capacity
    NO_QUOTA = "no quota"  # no instance can be created: a quota is reached


class ProviderHarness(Protocol):
    """A sandbox cloud for one test: new or reset, and without failures.

    The failures do not end by themselves, so the SDK should give up within about a second: patch
    its sleep between attempts, and keep the number of attempts.
    """

    @property
    def region(self) -> str:
        """Return the region that the suite works in."""

    def credential(self) -> CredentialModel:
        """Return a credential, with a secret, that has every permission."""

    def wrong_credential(self) -> CredentialModel:
        """Return a well-formed credential, with a secret, that the cloud refuses."""

    def unreachable_credential(self) -> CredentialModel:
        """Return a valid credential with an endpoint where nothing listens."""

    def fail(self, failure: Failure) -> None:
        """Make the cloud fail from the next call on."""

    def recover(self) -> None:
        """End every failure."""

    def calls(self) -> int:
        """Return how many calls have reached the cloud, refused ones included."""

    def unmapped_errors(self) -> Sequence[str]:
        """Return the SDK's error classes and codes that the provider does not map."""


class InventoryHarness(ProviderHarness, Protocol):
    """The additional methods for the suite of `InventoryProvider`."""

    @property
    def smallest_page(self) -> int:
        """Return the smallest page size of the cloud; 1 unless its API refuses that."""

    def seed(self, kind: ResourceKind, count: int) -> Sequence[str]:
        """Create resources of a kind in the region, in lasting states; return their ids."""

    def corrupt(self, kind: ResourceKind) -> str:
        """Make one seeded resource of a kind unreadable in the cloud's answers.

        A required field of the resource, which the cloud always sends, is missing or of another
        type. Returns the name that the error uses for the resource.
        """


class ComputeHarness(InventoryHarness, Protocol):
    """The additional methods for the suite of `ComputeProvider`."""

    @property
    def deadline_seconds(self) -> float:
        """Return the seconds within which any change of state must be complete."""

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
        """Return a spec that the region accepts, with tags, and with image and network by id.

        It has a public address where the provider can create one for the instance.
        """

    def spec_by_names(self, name: str) -> InstanceSpec:
        """Return the same spec, with the names of its image and network."""

    def instance_count(self) -> int:
        """Return how many instances exist in the region, counted by the cloud itself.

        Counts instances that are being deleted, and no deleted instances.
        """

    def resource_ids(self) -> Sequence[str]:
        """Return the ids of all resources that a creation may leave behind, sorted.

        They are instances, disks, interfaces and addresses, as the cloud itself counts them.
        """

    def reuse_id(self, instance: InstanceReference) -> InstanceReference | None:
        """Create another running instance that has the id of a deleted instance.

        Returns its reference, or None where the cloud never uses an id again.
        """

    def reboots(self) -> int:
        """Return how many reboots the cloud has carried out."""

    def interrupt_after(self, calls: int) -> None:
        """Simulate a crash of the process after a number of calls.

        The cloud carries out one more call, whose reply is lost, and refuses all later calls until
        `recover()`.
        """


class CatalogHarness(ComputeHarness, Protocol):
    """The additional property for the suite of `CatalogProvider`."""

    @property
    def image_family(self) -> str:
        """Return an image family of the cloud that fits the type of `spec()`."""


class SnapshotHarness(ComputeHarness, Protocol):
    """The additional methods for the suite of `SnapshotProvider`."""

    def write_disks(self, instance_id: str, text: str) -> None:
        """Write a text to every disk of an instance, as its software would."""

    def read_disks(self, instance_id: str) -> Sequence[str]:
        """Return the text on each disk of the instance now; "" for an empty disk."""


class DiskHarness(ComputeHarness, Protocol):
    """The additional methods for the suite of `DiskProvider`."""

    @property
    def unknown_disk_id(self) -> str:
        """Return a well-formed id that no disk has."""

    def spare_disk(self) -> str:
        """Create an unattached disk in the zone of the instances of `spec()`; return its id."""


class ConsoleHarness(ComputeHarness, Protocol):
    """The additional property for the suite of `ConsoleProvider`."""

    @property
    def console_text(self) -> str:
        """Return a part of the console output of every instance when it boots."""


class MetricsHarness(ComputeHarness, Protocol):
    """The additional methods for the suite of `MetricsProvider`."""

    def metered_instance(self) -> str:
        """Return the id of a running instance that the cloud has metrics of, for two weeks."""


class BucketHarness(ProviderHarness, Protocol):
    """The additional methods for the suite of `BucketProvider`."""

    def fill_bucket(self, objects: Mapping[str, bytes]) -> str:
        """Write objects to a bucket of the account, created when needed; return its name."""

    def limit_bucket_pages(self, largest: int) -> None:
        """Limit every page of a bucket to so many objects."""


class CostHarness(ProviderHarness, Protocol):
    """The additional methods for the suites of `CostProvider` and `CostTotalsProvider`."""

    @property
    def cost_days(self) -> tuple[date, date]:
        """Return a few days with charges, from the first and before the last, of two periods."""

    def cost_total(
        self, period: BillingPeriod, start: date, end: date, metric: CostMetric
    ) -> Decimal:
        """Return the cloud's own sum of the charges of a period that begin in [start, end)."""

    def limit_cost_pages(self, largest: int) -> None:
        """Limit every page of the billing, and of the bucket of its exports, to so many items."""
