"""Access to a cloud in memory: its endpoint and its key."""

from __future__ import annotations

from typing import Final

from pydantic import Field, SecretStr

from skyclust.conformance.memory_cloud import MemoryCloud
from skyclust.contract import CredentialModel

CLOUDS: Final[dict[str, MemoryCloud]] = {}
"""The clouds that can be reached, by endpoint."""


class MemoryCredential(CredentialModel):
    """The endpoint of a cloud in memory, and its key."""

    key: SecretStr = Field(title="Key", description="The key that the cloud was created with.")
