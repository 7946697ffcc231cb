"""Names in a filter that nothing has: an empty list must not hide a typing error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from skyclust.errors import NotFound
from skyclust.inventory.queries import ResourceFilter
from skyclust.store import credentials, resources, retention, scopes, workspaces
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def require_names(
    store: Store,
    workspace_id: str,
    *,
    credential_names: Sequence[str] = (),
    providers: Sequence[str] = (),
) -> None:
    """Raise NotFound for a credential that the workspace does not have, and for a provider.

    A provider is known when it is installed, or when a credential of the workspace is of it.
    """
    if not credential_names and not providers:
        return
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        records = credentials.list_all(connection, workspace_id)
    missing = sorted(set(credential_names) - {record.name for record in records})
    if missing:
        raise NotFound(
            f"Workspace {workspace_id!r} has no credential {', '.join(map(repr, missing))}.",
            hint="`skyclust credential list` shows those that exist.",
        )
    # Not above: it loads the contract of the providers, and most lists have nothing to check.
    from skyclust import registry  # noqa: PLC0415

    known = {record.provider for record in records}.union(registry.provider_names())
    unknown = sorted(set(providers) - known)
    if unknown:
        raise NotFound(
            f"There is no provider {', '.join(map(repr, unknown))}.",
            hint=f"There are: {', '.join(sorted(known))}.",
        )


def doubts(store: Store, workspace_id: str, wanted: ResourceFilter) -> list[str]:
    """Return a sentence for each region and state of a filter that nothing ever had.

    One more says when the filter's time is before anything was recorded.
    """
    sentences: list[str] = []
    with store.reading() as connection:
        for region in wanted.regions:
            if not _region_was_seen(connection, workspace_id, region):
                sentences.append(f"No scope was ever read in a region {region!r}: is it a typo?")
        for state in wanted.states:
            if not resources.find(
                connection, workspace_id, states=[state], as_of=wanted.as_of, limit=1
            ):
                sentences.append(f"No resource of any kind has the state {state!r}: is it a typo?")
        begins_at = retention.begins_at(connection, workspace_id) if wanted.as_of else None
    if wanted.as_of is not None and (begins_at is None or wanted.as_of < begins_at):
        begin = f"the first resource was recorded at {begins_at.isoformat()}" if begins_at else ""
        sentences.append(
            f"Nothing had been read by {wanted.as_of.isoformat()}:"
            f" {begin or 'nothing was ever recorded'}."
        )
    return sentences


def _region_was_seen(connection: Connection, workspace_id: str, region: str) -> bool:
    known = scopes.list_all(connection, workspace_id, regions=[region])
    return bool(known or resources.find(connection, workspace_id, regions=[region], limit=1))
