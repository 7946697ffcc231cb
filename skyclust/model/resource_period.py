"""What a resource was for some time, as the inventory's history has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class ResourcePeriod:
    """What one resource was from `valid_from` on, before `valid_to`; None: until now.

    The fields are those of skyclust.model.resource.Resource.
    """

    credential: str
    provider: str
    region: str
    kind: str
    id: str
    name: str
    zone: str | None
    state: str | None
    tags: dict[str, str]
    attributes: dict[str, Any]
    valid_from: datetime
    valid_to: datetime | None
