"""Asking a provider for everything of a kind: in one region, or in a whole account at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from skyclust.contract import AccountInventoryProvider, InventoryProvider
from skyclust.errors import SkyClustError
from skyclust.model.resource import Resource, ResourceKind
from tasks.scopes import KindRead
from tasks.silence import Watch

ReadKind = Callable[[ResourceKind], KindRead]
"""Reads one kind to the end; raises instead of returning a part of it."""


def region_kind(
    inventory: InventoryProvider, region: str, heard: Callable[[], None], kind: ResourceKind
) -> KindRead:
    """Return everything of a kind in a region; `heard` is called for each page."""
    started_at = datetime.now(UTC)
    found: list[Resource] = []
    for page in inventory.list_resources(region, kind):
        heard()
        found.extend(page)
    return KindRead(kind, started_at, {region: found})


def account_kind(
    inventory: AccountInventoryProvider,
    wanted: Sequence[str],
    told: Sequence[str],
    heard: Callable[[], None],
    kind: ResourceKind,
) -> KindRead:
    """Return everything of a kind in the wanted regions of an account, region by region.

    `told` are all regions that the account names. What the list holds of any other one cannot
    be known to be complete, so it is counted and not stored.
    """
    started_at = datetime.now(UTC)
    found: dict[str, list[Resource]] = {region: [] for region in wanted}
    unread: dict[str, SkyClustError] = {}
    strays: Counter[str] = Counter()
    known = frozenset(told)
    for page in inventory.list_account(kind):
        heard()
        unread |= page.unread
        for one in page.resources:
            if one.region in found:
                found[one.region].append(one)
            elif one.region not in known:
                strays[one.region] += 1
    return KindRead(
        kind,
        started_at,
        complete={region: ones for region, ones in found.items() if region not in unread},
        unread={region: unread[region] for region in wanted if region in unread},
        strays=strays,
    )


def read_kinds(
    read_kind: ReadKind,
    regions: Sequence[str],
    kinds: Sequence[ResourceKind],
    tell: Callable[[KindRead], None],
    *,
    watch: Watch,
    place: str,
) -> None:
    """Tell each kind's read, or why there is none.

    Raises Timeout when the place is given up before all are told; `place` is its name.
    """
    for kind in kinds:
        if watch.over:
            raise watch.given_up(place)
        try:
            read = read_kind(kind)
        except SkyClustError as error:
            watch.failed(error)
            read = KindRead(kind, datetime.now(UTC), unread=dict.fromkeys(regions, error))
        tell(read)
