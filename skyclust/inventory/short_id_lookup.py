"""Finding what a short id means, among what the inventory has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from skyclust.errors import InvalidRequest, NotFound
from skyclust.inventory.instance_lookup import InstanceQuery
from skyclust.model.instance import InstanceState
from skyclust.model.resource import ResourceKind
from skyclust.model.short_id import GIVEN_DIGITS
from skyclust.model.stored import StoredResource
from skyclust.store import resources
from skyclust.store.engine import Store
from skyclust.store.id_beginnings import runs_beginning_with

_MOST_NAMED: Final = 5
"""Ids that an error names."""

_WHOLE_RUN_ID: Final = 36
"""Characters of a UUID with its dashes, RFC 9562 section 4."""


def instance_by_short_id(store: Store, query: InstanceQuery) -> StoredResource | None:
    """Return the one instance whose id this is short for; None when there is none.

    Raises InvalidRequest that lists them when there are several: ids, or credentials that see
    the same id.
    """
    found = [
        each
        for each in _meant(store, query, kinds=[ResourceKind.INSTANCE])
        if each.state != InstanceState.DELETED
    ]
    if len(found) > 1:
        raise _several(query.name, found)
    return found[0] if found else None


def whole_id(store: Store, query: InstanceQuery, kinds: Sequence[ResourceKind]) -> str:
    """Return the id that a text is short for; the text itself when it is an id or a name.

    That also holds for what the inventory does not have: the cloud may know it. Raises
    InvalidRequest that lists the ids when there are several.
    """
    with store.reading() as connection:
        for ids, names in (([query.name], None), (None, [query.name])):
            if resources.find(connection, query.workspace, kinds=kinds, ids=ids, names=names):
                return query.name
    found = _meant(store, query, kinds=kinds)
    if len({each.id for each in found}) > 1:
        raise _several(query.name, found)
    return found[0].id if found else query.name


def whole_run_id(store: Store, workspace_id: str, given: str) -> str:
    """Return the id of the one flow run that begins so, among those that changed the inventory.

    A whole id is returned as it is: a run may have changed nothing. Raises NotFound when none
    begins so, InvalidRequest when a text is too short, and one that lists the ids of several.
    """
    if len(given) == _WHOLE_RUN_ID:
        return given
    if len(given) < GIVEN_DIGITS:
        raise InvalidRequest(
            f"{given!r} is too short for the id of a flow run.",
            hint=f"Give {GIVEN_DIGITS} digits of it at least.",
        )
    with store.reading() as connection:
        runs = runs_beginning_with(connection, workspace_id, given, limit=_MOST_NAMED + 1)
    if len(runs) > 1:
        raise several_runs(given, runs)
    if not runs:
        raise NotFound(
            f"No flow run whose id begins with {given!r} changed the inventory of workspace"
            f" {workspace_id!r}.",
            hint="A run that may have changed nothing needs its whole id.",
        )
    return runs[0]


def several_runs(given: str, runs: Sequence[str]) -> InvalidRequest:
    """Return the error for a text that several flow runs' ids begin with."""
    return InvalidRequest(
        f"{given!r} is the beginning of several flow runs' ids: {_listed(runs)}.",
        hint="Give more of the id.",
    )


def _meant(
    store: Store, query: InstanceQuery, *, kinds: Sequence[ResourceKind]
) -> list[StoredResource]:
    with store.reading() as connection:
        return resources.find(
            connection,
            query.workspace,
            kinds=kinds,
            credentials=[query.credential] if query.credential else None,
            regions=[query.region] if query.region else None,
            short_id=query.name,
        )


def _several(given: str, found: Sequence[StoredResource]) -> InvalidRequest:
    named = [
        f"{each.id} ({each.name or 'without a name'}, {each.credential}, {each.region})"
        for each in found
    ]
    return InvalidRequest(
        f"{given!r} is short for several ids: {_listed(named)}.",
        hint="Give more of the id, or its credential and region.",
    )


def _listed(names: Sequence[str]) -> str:
    more = f"; and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return "; ".join(names[:_MOST_NAMED]) + more
