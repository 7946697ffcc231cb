"""Storing what was read of a kind, and why the rest was not: scope by scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from skyclust import errors
from skyclust.errors import SkyClustError, Transient, Unsupported
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.scope import Scope, ScopeKey, ScopeState
from skyclust.orchestration import events
from skyclust.store import resources, scopes
from skyclust.store.engine import Store
from tasks.accounts import Account
from tasks.coverage import Unread

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class ReadOptions:
    """How a read is stored: the mass-delete brake and the run that reads."""

    run_id: str
    brake_share: float
    allow_mass_delete: bool


@dataclass(frozen=True)
class KindRead:
    """What was read of a kind, by region, in a read that began at `started_at`.

    `complete` holds all there was when the read began or later, `unread` why there is no
    complete read; for such a region `partial` may hold what could be read of it. `strays` counts
    what was listed in regions that the account does not name.
    """

    kind: ResourceKind
    started_at: datetime
    complete: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    unread: Mapping[str, SkyClustError] = field(default_factory=dict)
    partial: Mapping[str, Sequence[Resource]] = field(default_factory=dict)
    strays: Mapping[str, int] = field(default_factory=dict)


def keep(
    store: Store, account: Account, read: KindRead, options: ReadOptions
) -> list[SkyClustError]:
    """Store each region's complete read, mark the others, and return what may be tried again.

    A read that is not stored (the brake stops it) is marked like one that failed. Of a partial
    read what was shown is stored, and nothing is taken for gone.
    """
    unread = dict(read.unread)
    for region, found in read.partial.items():
        try:
            _add(store, account, region, read, found, options)
        except SkyClustError as error:
            unread[region] = error
    for region, found in read.complete.items():
        try:
            _replace(store, account, region, read, found, options)
        except SkyClustError as error:
            unread[region] = error
    for region, reason in unread.items():
        unread_one = Unread(account, region, read.kind, reason, read.started_at)
        mark_failed(store, unread_one, options.run_id)
    return [error for error in unread.values() if not isinstance(error, Unsupported)]


def mark_failed(store: Store, unread: Unread, run_id: str) -> None:
    """Write why a scope could not be read; its rows stay, and are stale from now on.

    Nothing is written when a younger read of the scope is known, whatever came of it.
    """
    account = unread.account
    key = ScopeKey(credential=account.credential, region=unread.region, kind=unread.kind)
    store.write(
        lambda connection: scopes.mark_failed(
            connection,
            account.workspace_id,
            key,
            account.provider,
            unread.error,
            read_started_at=unread.began,
            run_id=run_id,
        )
    )


def settled(
    store: Store, account: Account, regions: Sequence[str], run_id: str
) -> set[tuple[str, ResourceKind]]:
    """Return the scopes that this run has read, or has failed to read for good."""
    with store.reading() as connection:
        known = scopes.list_all(
            connection, account.workspace_id, credentials=[account.credential], regions=regions
        )
    return {
        (scope.key.region, scope.key.kind)
        for scope in known
        if scope.run_id == run_id and (scope.state is ScopeState.FRESH or not _may_pass(scope))
    }


def _may_pass(scope: Scope) -> bool:
    """Return whether what kept a scope from being read may be over at the next attempt."""
    kind = errors.class_named(scope.error_class)
    return kind is not None and issubclass(kind, Transient)


def first_worth_a_retry(failures: Sequence[SkyClustError]) -> SkyClustError:
    """Return a Transient error if there is one, and of those the one that asks to wait longest."""
    return min(failures, key=_urgency)


def _urgency(error: SkyClustError) -> tuple[bool, float]:
    retry_after = error.retry_after if isinstance(error, errors.Throttled) else None
    return (not isinstance(error, Transient), -(retry_after or 0.0))


def _add(  # noqa: PLR0917  all of it is one scope's read
    store: Store,
    account: Account,
    region: str,
    read: KindRead,
    found: Sequence[Resource],
    options: ReadOptions,
) -> None:
    """Store what a partial read has shown of a scope."""
    key = ScopeKey(credential=account.credential, region=region, kind=read.kind)

    def add(connection: Connection) -> None:
        changes = resources.add_to_scope(
            connection,
            account.workspace_id,
            key,
            account.provider,
            found,
            read_started_at=read.started_at,
            run_id=options.run_id,
        )
        events.scope_changed(
            connection, account.workspace_id, key, account.provider, changes, options.run_id
        )

    store.write(add)


def _replace(  # noqa: PLR0917  all of it is one scope's read
    store: Store,
    account: Account,
    region: str,
    read: KindRead,
    found: Sequence[Resource],
    options: ReadOptions,
) -> None:
    """Put a complete read in the place of what the store had of its scope."""
    key = ScopeKey(credential=account.credential, region=region, kind=read.kind)

    def replace(connection: Connection) -> None:
        changes = resources.replace_scope(
            connection,
            account.workspace_id,
            key,
            account.provider,
            found,
            read_started_at=read.started_at,
            run_id=options.run_id,
            brake_share=options.brake_share,
            allow_mass_delete=options.allow_mass_delete,
        )
        events.scope_changed(
            connection, account.workspace_id, key, account.provider, changes, options.run_id
        )

    store.write(replace)
