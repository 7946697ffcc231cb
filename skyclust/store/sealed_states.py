"""Which sealed values a credential's block may hold: those that were written last, no older ones.

A new state is written down before the block is (`expect`) and again after it (`confirm`): a process
that crashes in between leaves two states, and the block has one of them. So no crash locks a
credential out. Two processes that write at the same time keep each other's states; those that are
left over are removed when the credential is opened (`settle`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, select, update

from skyclust.model.sealed_state import SealedState
from skyclust.store import credentials as records
from skyclust.store.tables import credentials
from skyclust.store.types import now

WRITTEN_WITHIN: Final = timedelta(minutes=10)
"""Writing a block is always quicker: the time-outs of Prefect's client are shorter."""


def find(connection: Connection, workspace_id: str, name: str) -> list[SealedState] | None:
    """Return the states that a credential's block may have, oldest first.

    None for a credential of an earlier version, which wrote no states. Raises NotFound.
    """
    records.get(connection, workspace_id, name)
    states = connection.scalars(
        select(credentials.c.sealed).where(
            credentials.c.workspace_id == workspace_id, credentials.c.name == name
        )
    ).one()
    return None if states is None else [SealedState.model_validate(state) for state in states]


def expect(
    connection: Connection,
    workspace_id: str,
    name: str,
    state: SealedState,
    *,
    present: SealedState | None = None,
) -> None:
    """Write the state that the block is about to get; its other possible states stay.

    `present` is the state of the block of a credential whose states were never written down.
    Raises NotFound.
    """
    known = _held(connection, workspace_id, name)
    if known is None:
        known = [] if present is None else [present]
    pending = state.model_copy(update={"pending": True})
    _keep(connection, workspace_id, name, [*known, pending])


def confirm(connection: Connection, workspace_id: str, name: str, state: SealedState) -> None:
    """Write that the block has this state; older states are not accepted any more.

    A newer state, and an older one that is still being written, belong to another process: they
    stay. Raises NotFound.
    """
    known = _held(connection, workspace_id, name) or []
    numbers = [number for number, each in enumerate(known) if each.values == state.values]
    own = numbers[-1] if numbers else len(known)
    before = [each for each in known[:own] if each.pending and each.since > now() - WRITTEN_WITHIN]
    confirmed = state.model_copy(update={"pending": False})
    _keep(connection, workspace_id, name, [*before, confirmed, *known[own + 1 :]])


def settle(connection: Connection, workspace_id: str, name: str, state: SealedState) -> None:
    """Write the state that the block was read with, and remove other states that are old.

    A state that may still be being written stays. Raises NotFound.
    """
    known = _held(connection, workspace_id, name)
    settled = settled_states(known, state)
    if settled != known:
        _keep(connection, workspace_id, name, settled)


def settled_states(known: Sequence[SealedState] | None, state: SealedState) -> list[SealedState]:
    """Return the states that stay once the block was read with one of them."""
    if known is None:
        return [state]
    old = now() - WRITTEN_WITHIN
    return [
        each.model_copy(update={"pending": each.pending and each.since > old})
        for each in known
        if each.values == state.values or each.since > old
    ]


def _held(connection: Connection, workspace_id: str, name: str) -> list[SealedState] | None:
    records.hold(connection, workspace_id, name, alone=True)
    return find(connection, workspace_id, name)


def _keep(
    connection: Connection, workspace_id: str, name: str, states: Sequence[SealedState]
) -> None:
    connection.execute(
        update(credentials)
        .where(credentials.c.workspace_id == workspace_id, credentials.c.name == name)
        .values(sealed=[state.model_dump(mode="json") for state in states])
    )
