"""Was written for a contract that SkyClust no longer has."""

from __future__ import annotations

from typing import ClassVar

from skyclust.conformance.memory import MemoryProvider


class OldContractProvider(MemoryProvider):
    """Whole, but for another SkyClust."""

    name: ClassVar[str] = "old-contract"
    contract_version: ClassVar[int] = 1
