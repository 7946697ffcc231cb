"""Forgot to tell its regions."""

from __future__ import annotations

from typing import ClassVar

from skyclust.contract import CredentialModel, Provider
from skyclust.model.identity import Identity


class MissingMethodProvider(Provider):
    """Lacks `regions`."""

    name: ClassVar[str] = "missing-method"
    title: ClassVar[str] = "Missing method"
    credential_model: ClassVar[type[CredentialModel]] = CredentialModel

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential."""
        self._credential = credential

    def verify(self) -> Identity:
        """Return nobody in particular."""
        return Identity(provider=self.name, account="none", principal="nobody")
