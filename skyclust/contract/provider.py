"""The base of every provider: its name, its credential and its regions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from skyclust.contract.credential import CredentialModel
from skyclust.model.identity import Identity

CONTRACT_VERSION: Final = 2
"""Incremented when a provider that was written for the old contract would break."""

CONTRACT_CHANGES: Final[Mapping[int, str]] = {
    2: "In place of `region, instance_id` every call that changes an instance takes one"
    " `instance: InstanceReference`, and raises NotFound where the id now belongs to another"
    " `unique_id`. `Instance` needs a `unique_id`, `ComputeProvider` a `remove_leftovers`, and a"
    " list raises IncompleteList after its last page for items that could not be read.",
}
"""By version: what a provider has to change to move from the version before (decision 24)."""


class Provider(ABC):
    """A cloud, accessed with one credential."""

    name: ClassVar[str]
    """Short lowercase name, the same as that of the entry point: `aws`."""

    title: ClassVar[str]
    """The name that is shown to people: `Amazon Web Services`."""

    contract_version: ClassVar[int] = CONTRACT_VERSION

    credential_model: ClassVar[type[CredentialModel]]

    @abstractmethod
    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; make no call to the cloud."""

    @abstractmethod
    def verify(self) -> Identity:
        """Return the identity of the credential, and which required permissions it lacks.

        Raises AuthenticationFailed when the cloud does not accept the credential.
        """

    @abstractmethod
    def regions(self) -> Sequence[str]:
        """Return the names of the regions that the credential may use, sorted."""

    def instance_regions(self) -> Sequence[str]:
        """Return those of `regions` in which a customer's instances may be placed, sorted.

        All of them, unless a provider leaves out what is no place for an instance: a name under
        which global resources are listed, a region in which the cloud tests itself.
        """
        return self.regions()
