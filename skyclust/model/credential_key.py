"""Which credential of which workspace, and of which provider."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CredentialKey:
    """A credential of a workspace, by its name, and its provider."""

    workspace_id: str
    name: str
    provider: str

    def __str__(self) -> str:
        """Return the name."""
        return self.name
