"""The key of a credential: its workspace, its name and its provider."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CredentialKey:
    """Identifies a credential of a workspace, and its provider."""

    workspace_id: str
    name: str
    provider: str

    def __str__(self) -> str:
        """Return the name."""
        return self.name
