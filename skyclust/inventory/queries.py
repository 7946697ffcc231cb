"""The queries of the inventory: resources, changes and scopes, a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

from skyclust.cursor import decode_cursor, encode_cursor
from skyclust.errors import InvalidRequest
from skyclust.inventory.same_resource import SharedResource, group_shared
from skyclust.model.change import Change
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeState
from skyclust.model.stored import StoredResource
from skyclust.store import credentials, resources, retention, scopes, workspaces
from skyclust.store.engine import Store
from skyclust.store.finding import count

_RESOURCES: Final = "resources"
_RESOURCE_KEYS: Final = 5
_CHANGES: Final = "changes"
_CHANGE_KEYS: Final = 2


@dataclass(frozen=True)
class ResourceFilter:
    """What a resource must match, all of it; a field that is empty matches every resource.

    `tags` must all be there with these values. With `as_of`: the resources at that time, as far
    as they were known then.
    """

    kinds: Sequence[ResourceKind] = ()
    providers: Sequence[str] = ()
    credentials: Sequence[str] = ()
    regions: Sequence[str] = ()
    states: Sequence[str] = ()
    names: Sequence[str] = ()
    ids: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    as_of: datetime | None = None

    @property
    def conditions(self) -> dict[str, Any]:
        """Return the fields by name, as the store takes them."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True)
class ResourcePage:
    """Resources, and how complete the list is.

    `shared` are the same resources with the credentials that see them: several only where the
    query merges them. `total` is how many match on all pages. `next_cursor` is None on the last
    page. `stale` and `failed` are the numbers of scopes that are not fresh, of those that the
    filter selects; both are 0 for a time in the past. `never_read` are the credentials without
    any scope.
    """

    resources: list[StoredResource]
    shared: list[SharedResource]
    total: int
    next_cursor: str | None
    stale: int
    failed: int
    never_read: list[str]


def search_resources(
    store: Store,
    workspace_id: str,
    wanted: ResourceFilter,
    *,
    limit: int | None = None,
    cursor: str | None = None,
    merge: bool = False,
) -> ResourcePage:
    """Return the resources that match, by credential, region, kind, name and id.

    At most `limit` of them, those after `cursor`. With `merge` a resource that several
    credentials see counts once, at the place of the first. Raises NotFound for an unknown
    workspace, InvalidRequest for a time without timezone and for a text that is no cursor.
    """
    after = decode_cursor(cursor, of=_RESOURCES, keys=_RESOURCE_KEYS) if cursor else None
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        accounts = {
            each.name: each.account for each in credentials.list_all(connection, workspace_id)
        }
        # Where two credentials share an account, a resource may be on two pages: all are read.
        whole = merge and _share_an_account(accounts)
        matching = resources.find(
            connection,
            workspace_id,
            **wanted.conditions,
            after=None if whole else after,
            limit=None if whole or limit is None else limit + 1,
        )
        known = scopes.list_all(
            connection,
            workspace_id,
            credentials=wanted.credentials,
            regions=wanted.regions,
            kinds=wanted.kinds,
        )
        unread = credentials.list_unread(connection, workspace_id)
        shared = group_shared(matching, accounts if whole else {})
        total = len(shared)
        if not whole and (after is not None or (limit is not None and total > limit)):
            total = count(connection, workspace_id, **wanted.conditions)
    if whole and after is not None:
        shared = [each for each in shared if _place(each) > after]
    page = shared[:limit]
    past = wanted.as_of is not None
    states = Counter(scope.state for scope in known if not past)
    return ResourcePage(
        resources=[each.resource for each in page],
        shared=page,
        total=total,
        next_cursor=encode_cursor(*_place(page[-1]), of=_RESOURCES)
        if len(shared) > len(page)
        else None,
        stale=states[ScopeState.STALE],
        failed=states[ScopeState.FAILED],
        never_read=[] if past else _named(unread, wanted.credentials),
    )


def _named(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    return [name for name in names if not wanted or name in wanted]


def _share_an_account(accounts: Mapping[str, str | None]) -> bool:
    """Return whether two credentials lead to one account."""
    named = [account for account in accounts.values() if account]
    return len(set(named)) < len(named)


def _place(shared: SharedResource) -> tuple[str, ...]:
    """Return the sort keys of a resource in the list: those of its first credential."""
    resource = shared.resource
    return (
        shared.credentials[0],
        resource.region,
        resource.kind.value,
        resource.name,
        resource.id,
    )


@dataclass(frozen=True)
class ChangePage:
    """Changes, newest first; `next_cursor` is None on the last page.

    `total` is how many match on all pages. `kept_from` is the time before which changes were
    pruned, None when none were.
    """

    changes: list[Change]
    total: int
    next_cursor: str | None
    kept_from: datetime | None = None


def search_changes(
    store: Store,
    workspace_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    run_id: str | None = None,
    kinds: Sequence[ResourceKind] = (),
    limit: int | None = 1000,
    cursor: str | None = None,
) -> ChangePage:
    """Return what was added, changed and removed: from `since` on, before `until`, by one run.

    Raises NotFound for an unknown workspace, InvalidRequest for a time without timezone and for
    a text that is no cursor.
    """
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        kept_from = retention.kept_from(connection, workspace_id)
        numbered = resources.numbered_changes(
            connection,
            workspace_id,
            since=since,
            until=until,
            run_id=run_id,
            kinds=kinds,
            before=_change_position(cursor) if cursor else None,
            limit=None if limit is None else limit + 1,
        )
        page = numbered[:limit]
        more = len(numbered) > len(page)
        total = len(page)
        if more or cursor:
            counted = resources.count_changes(
                connection, workspace_id, since=since, until=until, run_id=run_id, kinds=kinds
            )
            total = sum(counted.values())
    return ChangePage(
        changes=[change for _, change in page],
        total=total,
        next_cursor=encode_cursor(page[-1][1].at.isoformat(), str(page[-1][0]), of=_CHANGES)
        if more
        else None,
        kept_from=kept_from,
    )


def never_read(
    store: Store, workspace_id: str, *, credential_names: Sequence[str] = ()
) -> list[str]:
    """Return the credentials, of those named or of all, that no sync has read anything by.

    They have no scopes. Raises NotFound for an unknown workspace.
    """
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        return _named(credentials.list_unread(connection, workspace_id), credential_names)


def list_scopes(
    store: Store,
    workspace_id: str,
    *,
    credential_names: Sequence[str] = (),
    regions: Sequence[str] = (),
    kinds: Sequence[ResourceKind] = (),
    states: Sequence[ScopeState] = (),
) -> list[Scope]:
    """Return the scopes that match every filter that is not empty.

    Raises NotFound for an unknown workspace.
    """
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        known = scopes.list_all(
            connection, workspace_id, credentials=credential_names, regions=regions, kinds=kinds
        )
    return [scope for scope in known if not states or scope.state in states]


def _change_position(cursor: str) -> tuple[datetime, int]:
    at, version = decode_cursor(cursor, of=_CHANGES, keys=_CHANGE_KEYS)
    try:
        return datetime.fromisoformat(at), int(version)
    except ValueError as error:
        raise InvalidRequest(f"{cursor[:80]!r} is no cursor of this list.") from error
