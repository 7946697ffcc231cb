"""One account of one cloud: who it is and where it may work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from skyclust.contract.credential import CredentialModel
from skyclust.model.identity import Identity

CONTRACT_VERSION: Final = 2
"""Raised by one when a provider written for the old contract would break."""

CONTRACT_CHANGES: Final[Mapping[int, str]] = {
    2: "In place of `region, instance_id` every call that changes an instance takes one"
    " `instance: InstanceReference`, and raises NotFound where the id now belongs to another"
    " `unique_id`. `Instance` needs a `unique_id`, `ComputeProvider` a `remove_leftovers`, and a"
    " list raises IncompleteList after its last page for items that could not be read.",
}
"""What a provider has to change to get from the contract before to each contract (decision 24)."""


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
