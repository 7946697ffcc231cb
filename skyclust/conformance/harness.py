"""What a provider's tests tell the suite about its sandbox cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from skyclust.contract import CredentialModel
from skyclust.model.instance import InstanceSpec
from skyclust.model.resource import ResourceKind


class Failure(StrEnum):
    """How the sandbox cloud goes wrong, until `recover()` is called."""

    THROTTLED = "throttled"  # every call is told to slow down
    BROKEN = "broken"  # every call is answered with an error of the service (HTTP 5xx)
    DENIED = "denied"  # every call in the harness's region lacks the permission
    EXPIRED = "expired"  # the credential is refused in every call
    LOST_REPLY = "lost reply"  # the next create is carried out once, and its reply is lost


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
        """Return a machine that can be made in the region: tags, image and network by id."""

    def spec_by_names(self, name: str) -> InstanceSpec:
        """Return the same machine, its image and network given by their names."""

    def machines(self) -> int:
        """Return how many machines exist in the region by the cloud's own count.

        Machines being deleted count, deleted ones do not.
        """
