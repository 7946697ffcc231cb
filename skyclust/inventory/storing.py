"""Storing what was read of a kind, and why the rest was not, scope by scope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from skyclust import errors
from skyclust.errors import SkyClustError, Transient, Unsupported
from skyclust.inventory.events import scope_changed
from skyclust.inventory.kind_read import KindRead
from skyclust.inventory.read_plan import Unread
from skyclust.model.change import ScopeChanges
from skyclust.model.credential_key import CredentialKey
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.scope import Scope, ScopeKey, ScopeState
from skyclust.store import resources, scopes
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class ReadOptions:
    """How a read is stored: the mass-delete brake and the run that reads."""

    run_id: str
    brake_share: float
    allow_mass_delete: bool


def store_read(
    store: Store, credential: CredentialKey, read: KindRead, options: ReadOptions
) -> list[SkyClustError]:
    """Store each region's complete read, mark the others, and return the errors of those.

    A read that is not stored (because of the brake) is marked like one that failed. Of a partial
    read the resources are stored, and none counts as gone. An unsupported kind is marked, and
    its error is not returned: a retry changes nothing.
    """
    replace = partial(
        resources.replace_scope,
        brake_share=options.brake_share,
        allow_mass_delete=options.allow_mass_delete,
    )
    unread = dict(read.unread)
    for region, listed in read.partial.items():
        try:
            _store(resources.add_to_scope, store, credential, region, read, listed, options)
        except SkyClustError as error:
            unread[region] = error
    for region, listed in read.complete.items():
        try:
            _store(replace, store, credential, region, read, listed, options)
        except SkyClustError as error:
            unread[region] = error
    for region, reason in unread.items():
        scope = Unread(credential, region, read.kind, reason, read.started_at)
        mark_failed(store, scope, options.run_id)
    return [error for error in unread.values() if not isinstance(error, Unsupported)]


def mark_failed(store: Store, unread: Unread, run_id: str) -> None:
    """Write why a scope could not be read; its rows stay, and are stale from now on.

    Nothing is written when a younger read of the scope is known, whatever its outcome.
    """
    credential = unread.credential
    key = ScopeKey(credential=credential.name, region=unread.region, kind=unread.kind)
    store.write(
        lambda connection: scopes.mark_failed(
            connection,
            credential.workspace_id,
            key,
            credential.provider,
            unread.error,
            read_started_at=unread.began,
            run_id=run_id,
        )
    )


def known_scopes(store: Store, credential: CredentialKey) -> list[Scope]:
    """Return every scope of a credential, as it is now."""
    with store.reading() as connection:
        return scopes.list_all(connection, credential.workspace_id, credentials=[credential.name])


def settled_scopes(
    store: Store, credential: CredentialKey, regions: Sequence[str], run_id: str
) -> set[tuple[str, ResourceKind]]:
    """Return the (region, kind) that this run has read, or has failed to read for good."""
    with store.reading() as connection:
        known = scopes.list_all(
            connection, credential.workspace_id, credentials=[credential.name], regions=regions
        )
    return {
        (scope.key.region, scope.key.kind)
        for scope in known
        if scope.run_id == run_id and (scope.state is ScopeState.FRESH or not _is_transient(scope))
    }


def _is_transient(scope: Scope) -> bool:
    """Return whether the error of a scope may not occur at the next attempt."""
    kind = errors.class_named(scope.error_class)
    return kind is not None and issubclass(kind, Transient)


def first_to_retry(failures: Sequence[SkyClustError]) -> SkyClustError:
    """Return a Transient error if there is one, of those the one with the longest pause."""
    return min(failures, key=_urgency)


def _urgency(error: SkyClustError) -> tuple[bool, float]:
    retry_after = error.retry_after if isinstance(error, errors.Throttled) else None
    return (not isinstance(error, Transient), -(retry_after or 0.0))


def _store(  # noqa: PLR0917  all of it is one scope's read
    write: Callable[..., ScopeChanges],
    store: Store,
    credential: CredentialKey,
    region: str,
    read: KindRead,
    listed: Sequence[Resource],
    options: ReadOptions,
) -> None:
    """Write the resources of a scope, and the event of what changed, in one transaction."""
    key = ScopeKey(credential=credential.name, region=region, kind=read.kind)
    workspace_id, provider = credential.workspace_id, credential.provider

    def write_scope(connection: Connection) -> None:
        changes = write(
            connection,
            workspace_id,
            key,
            provider,
            listed,
            read_started_at=read.started_at,
            run_id=options.run_id,
        )
        scope_changed(connection, workspace_id, key, provider, changes, options.run_id)

    store.write(write_scope)
