"""One account of one cloud: who it is and where it may work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final

from skyclust.contract.credential import CredentialModel
from skyclust.model.identity import Identity

CONTRACT_VERSION: Final = 2
"""Raised by one when a provider written for the old contract would break."""


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
