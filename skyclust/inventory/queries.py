"""The queries of the inventory: resources, changes and scopes, a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from skyclust.cursor import decode_cursor, encode_cursor
from skyclust.errors import InvalidRequest
from skyclust.model.change import Change
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeState
from skyclust.model.stored import StoredResource
from skyclust.store import credentials, resources, retention, scopes, workspaces
from skyclust.store.engine import Store

_RESOURCE_KEYS: Final = 5
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


@dataclass(frozen=True)
class ResourcePage:
    """Resources, and how complete the list is.

    `next_cursor` is None on the last page. `stale` and `failed` are the numbers of scopes that
    are not fresh, of those that the filter selects; both are 0 for a time in the past.
    `never_read` are the credentials without any scope.
    """

    resources: list[StoredResource]
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
) -> ResourcePage:
    """Return the resources that match, by credential, region, kind, name and id.

    At most `limit` of them, those after `cursor`. Raises NotFound for an unknown workspace,
    InvalidRequest for a time without timezone and for a text that is no cursor.
    """
    after = decode_cursor(cursor, keys=_RESOURCE_KEYS) if cursor else None
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        matching = resources.find(
            connection,
            workspace_id,
            kinds=wanted.kinds,
            providers=wanted.providers,
            credentials=wanted.credentials,
            regions=wanted.regions,
            states=wanted.states,
            names=wanted.names,
            ids=wanted.ids,
            tags=wanted.tags,
            as_of=wanted.as_of,
            after=after,
            limit=None if limit is None else limit + 1,
        )
        known = scopes.list_all(
            connection,
            workspace_id,
            credentials=wanted.credentials,
            regions=wanted.regions,
            kinds=wanted.kinds,
        )
        unread = credentials.list_unread(connection, workspace_id)
    page = matching[:limit]
    past = wanted.as_of is not None
    states = Counter(scope.state for scope in known if not past)
    return ResourcePage(
        resources=page,
        next_cursor=_resource_cursor(page[-1]) if len(matching) > len(page) else None,
        stale=states[ScopeState.STALE],
        failed=states[ScopeState.FAILED],
        never_read=[
            name
            for name in unread
            if not past and (not wanted.credentials or name in wanted.credentials)
        ],
    )


@dataclass(frozen=True)
class ChangePage:
    """Changes, newest first; `next_cursor` is None on the last page.

    `kept_from` is the time before which changes were pruned, None when none were.
    """

    changes: list[Change]
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
    limit: int = 1000,
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
            limit=limit + 1,
        )
    page = numbered[:limit]
    more = len(numbered) > len(page)
    return ChangePage(
        changes=[change for _, change in page],
        next_cursor=encode_cursor(page[-1][1].at.isoformat(), str(page[-1][0])) if more else None,
        kept_from=kept_from,
    )


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


def _resource_cursor(last: StoredResource) -> str:
    return encode_cursor(last.credential, last.region, last.kind.value, last.name, last.id)


def _change_position(cursor: str) -> tuple[datetime, int]:
    at, version = decode_cursor(cursor, keys=_CHANGE_KEYS)
    try:
        return datetime.fromisoformat(at), int(version)
    except ValueError as error:
        raise InvalidRequest(f"{cursor[:80]!r} is no cursor of this list.") from error
