"""Asking a provider for everything of a kind: in one region, or in a whole account at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from skyclust.contract import AccountInventoryProvider, InventoryProvider
from skyclust.errors import IncompleteList, SkyClustError
from skyclust.model.redacted import without_secrets
from skyclust.model.resource import Resource, ResourceKind
from skyclust.provider_errors import provider_errors
from tasks.scopes import KindRead
from tasks.silence import Watch

MOST_NAMED: Final = 5
"""Unreadable items that a reason names."""

ReadKind = Callable[[ResourceKind], KindRead]
"""Reads one kind to the end; raises instead of returning a part of it."""


def region_kind(
    inventory: InventoryProvider, region: str, heard: Callable[[], None], kind: ResourceKind
) -> KindRead:
    """Return everything of a kind in a region; `heard` is called for each page."""
    started_at = datetime.now(UTC)
    found: list[Resource] = []
    try:
        for page in inventory.list_resources(region, kind):
            heard()
            found.extend(map(without_secrets, page))
    except IncompleteList as error:
        return KindRead(kind, started_at, unread={region: error}, partial={region: found})
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
    incomplete: dict[str, SkyClustError] = {}
    try:
        for page in inventory.list_account(kind):
            heard()
            unread |= page.unread
            for one in page.resources:
                if one.region in found:
                    found[one.region].append(without_secrets(one))
                elif one.region not in known:
                    strays[one.region] += 1
    except IncompleteList as error:
        incomplete = by_region(error, kind, wanted, known)
    missing = unread | incomplete
    return KindRead(
        kind,
        started_at,
        complete={region: ones for region, ones in found.items() if region not in missing},
        unread={region: missing[region] for region in wanted if region in missing},
        partial={region: ones for region, ones in found.items() if region in incomplete},
        strays=strays,
    )


def by_region(
    error: IncompleteList, kind: ResourceKind, wanted: Sequence[str], known: Collection[str]
) -> dict[str, SkyClustError]:
    """Return why a list of an account is incomplete in each region that it is incomplete in.

    An item whose region cannot be read may be of any of them.
    """
    nowhere = [item for item in error.items if not item.region]
    reasons: dict[str, SkyClustError] = {}
    for region in wanted:
        items = [item for item in error.items if item.region == region] + nowhere
        if items:
            named = "; ".join(f"{item.name} ({item.reason})" for item in items[:MOST_NAMED])
            more = f" and {len(items) - MOST_NAMED} more" if len(items) > MOST_NAMED else ""
            reasons[region] = IncompleteList(
                f"{len(items)} of kind {kind} in {region} cannot be read: {named}{more}.",
                items=items,
                hint=error.hint,
                provider=error.provider,
            )
    return reasons


def read_kinds(
    read_kind: ReadKind,
    regions: Sequence[str],
    kinds: Sequence[ResourceKind],
    tell: Callable[[KindRead], None],
    *,
    watch: Watch,
    place: str,
    provider: str,
) -> None:
    """Tell each kind's read, or why there is none.

    Raises Timeout when the place is given up before all are told; `place` and `provider`
    are names for errors.
    """
    for kind in kinds:
        if watch.over:
            raise watch.given_up(place)
        started_at = datetime.now(UTC)
        try:
            with provider_errors(provider, f"list {kind} of {place}"):
                read = read_kind(kind)
        except SkyClustError as error:
            watch.failed(error)
            read = KindRead(kind, started_at, unread=dict.fromkeys(regions, error))
        tell(read)
