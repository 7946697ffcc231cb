"""The result of reading one kind, in one region or in an account as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from skyclust.errors import SkyClustError
from skyclust.model.resource import Resource, ResourceKind


@dataclass(frozen=True)
class KindRead:
    """The resources of a kind by region, of a read that began at `started_at`.

    `complete` holds all that existed when the read began or later, `unread` why a region has no
    complete read; for such a region `partial` may hold what could be read of it. `strays` counts
    the resources listed in regions that the account does not name.
    """

    kind: ResourceKind
    started_at: datetime
    complete: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    unread: Mapping[str, SkyClustError] = field(default_factory=dict)
    partial: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    strays: Mapping[str, int] = field(default_factory=dict)
