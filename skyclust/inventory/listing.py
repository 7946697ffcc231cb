"""Listing every resource of a kind: in one region, or in an account as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from skyclust.contract import AccountInventoryProvider, InventoryProvider
from skyclust.errors import IncompleteList, SkyClustError
from skyclust.inventory.kind_read import KindRead
from skyclust.inventory.read_liveness import ReadLiveness
from skyclust.model.redacted import without_secrets
from skyclust.model.resource import Resource, ResourceKind
from skyclust.providerkit.provider_errors import provider_errors

MOST_NAMED: Final = 5
"""Unreadable items that a reason names."""

ReadKind = Callable[[ResourceKind], KindRead]
"""Reads one kind to the end; raises instead of returning a part of it."""


def list_region(
    inventory: InventoryProvider, region: str, answered: Callable[[], None], kind: ResourceKind
) -> KindRead:
    """Return every resource of a kind in a region; `answered` is called for each page."""
    started_at = datetime.now(UTC)
    resources: list[Resource] = []
    try:
        for page in inventory.list_resources(region, kind):
            answered()
            resources.extend(map(without_secrets, page))
    except IncompleteList as error:
        return KindRead(kind, started_at, unread={region: error}, partial={region: resources})
    return KindRead(kind, started_at, {region: resources})


def list_account(
    inventory: AccountInventoryProvider,
    regions: Sequence[str],
    all_regions: Sequence[str],
    answered: Callable[[], None],
    kind: ResourceKind,
) -> KindRead:
    """Return every resource of a kind in some regions of an account, by region.

    `all_regions` are the regions that the account names. Resources listed in any other region
    cannot be known to be complete, so they are counted and not stored.
    """
    started_at = datetime.now(UTC)
    resources: dict[str, list[Resource]] = {region: [] for region in regions}
    unread: dict[str, SkyClustError] = {}
    strays: Counter[str] = Counter()
    known = frozenset(all_regions)
    incomplete: dict[str, SkyClustError] = {}
    try:
        for page in inventory.list_account(kind):
            answered()
            unread |= page.unread
            for resource in page.resources:
                if resource.region in resources:
                    resources[resource.region].append(without_secrets(resource))
                elif resource.region not in known:
                    strays[resource.region] += 1
    except IncompleteList as error:
        incomplete = split_by_region(error, kind, regions, known)
    missing = unread | incomplete
    return KindRead(
        kind,
        started_at,
        complete={region: of for region, of in resources.items() if region not in missing},
        unread={region: missing[region] for region in regions if region in missing},
        partial={region: of for region, of in resources.items() if region in incomplete},
        strays=strays,
    )


def split_by_region(
    error: IncompleteList, kind: ResourceKind, regions: Sequence[str], known: Collection[str]
) -> dict[str, SkyClustError]:
    """Return the error of each region in which a list of an account is incomplete.

    An item whose region cannot be read may be of any of them.
    """
    of_any_region = [item for item in error.items if not item.region]
    reasons: dict[str, SkyClustError] = {}
    for region in regions:
        items = [item for item in error.items if item.region == region] + of_any_region
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
    emit: Callable[[KindRead], None],
    *,
    liveness: ReadLiveness,
    title: str,
    provider: str,
) -> None:
    """Read each kind and pass its result to `emit`, also when it could not be read.

    Raises Timeout when the read is given up before all kinds are read; `title` and `provider`
    are names for errors.
    """
    for kind in kinds:
        if liveness.expired:
            raise liveness.timeout(title)
        started_at = datetime.now(UTC)
        try:
            with provider_errors(provider, f"list {kind} of {title}"):
                read = read_kind(kind)
        except SkyClustError as error:
            liveness.failed(error)
            read = KindRead(kind, started_at, unread=dict.fromkeys(regions, error))
        emit(read)
