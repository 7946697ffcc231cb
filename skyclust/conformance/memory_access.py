"""How a cloud in memory is reached: its endpoint, and the key to it."""

from __future__ import annotations

from typing import Final

from pydantic import Field, SecretStr

from skyclust.conformance.memory_cloud import MemoryCloud
from skyclust.contract import CredentialModel

CLOUDS: Final[dict[str, MemoryCloud]] = {}
"""The clouds that can be reached, by endpoint."""


class MemoryCredential(CredentialModel):
    """Where a cloud in memory is, and the key to it."""

    key: SecretStr = Field(title="Key", description="The key that the cloud was made with.")
