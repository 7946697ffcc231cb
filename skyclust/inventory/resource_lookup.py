"""Finding the one disk, address or snapshot that has an id or a name, in the inventory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.resource import ResourceKind
from skyclust.model.stored import StoredResource
from skyclust.store import resources, workspaces
from skyclust.store.engine import Store

_MOST_NAMED: Final = 5
"""Resources that an error names."""


@dataclass(frozen=True)
class ResourceQuery:
    """A resource's kinds, its id or name, and where to look for it; None looks everywhere."""

    workspace: str
    kinds: tuple[ResourceKind, ...]
    name: str
    credential: str | None = None
    region: str | None = None


def find_resource(store: Store, query: ResourceQuery) -> StoredResource:
    """Return the one resource of this id, else of this name, else of this short id.

    Raises NotFound when there is none, or no such workspace, and InvalidRequest that lists them
    when there are several.
    """
    with store.reading() as connection:
        workspaces.get(connection, query.workspace)
        given = [query.name]
        for ids, names, short_id in (
            (given, None, None),
            (None, given, None),
            (None, None, query.name),
        ):
            found = resources.find(
                connection,
                query.workspace,
                kinds=query.kinds,
                credentials=[query.credential] if query.credential else None,
                regions=[query.region] if query.region else None,
                ids=ids,
                names=names,
                short_id=short_id,
            )
            if found:
                return _one(query, found)
    where = f" in {query.region}" if query.region else ""
    raise NotFound(
        f"There is no {_words(query.kinds)} {query.name!r}{where} in workspace"
        f" {query.workspace!r}.",
        hint="Read the clouds again with `skyclust inventory sync`.",
    )


def _one(query: ResourceQuery, found: Sequence[StoredResource]) -> StoredResource:
    if len(found) == 1:
        return found[0]
    lines = [
        f"{each.kind} {each.id} of {each.credential} in {each.region}"
        for each in found[:_MOST_NAMED]
    ]
    if len(found) > _MOST_NAMED:
        lines.append(f"and {len(found) - _MOST_NAMED} more")
    raise InvalidRequest(
        "\n  ".join([f"{len(found)} resources are called {query.name!r}:", *lines]),
        hint="Name one of them by its id, with its kind, credential and region.",
    )


def _words(kinds: Sequence[ResourceKind]) -> str:
    return " or ".join(kind.value for kind in kinds)
