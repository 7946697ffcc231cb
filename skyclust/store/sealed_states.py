"""Which sealed values a credential's block may hold: those that were written last, no older ones.

What is about to be written is expected before the block is written, and confirmed after: a process
that dies in between leaves two states, and the block is in one of them. So no crash locks a
credential out. Two processes that write at once each keep the other's state; what is left over
goes when the credential is opened later.
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
"""Nobody takes so long to write a block: the time-outs of Prefect's client are shorter."""


def find(connection: Connection, workspace_id: str, name: str) -> list[SealedState] | None:
    """Return the states that a credential's block may have, oldest first.

    None for a credential of an earlier version, of which none was written down. Raises NotFound.
    """
    records.get(connection, workspace_id, name)
    found = connection.scalars(
        select(credentials.c.sealed).where(
            credentials.c.workspace_id == workspace_id, credentials.c.name == name
        )
    ).one()
    return None if found is None else [SealedState.model_validate(one) for one in found]


def expect(
    connection: Connection,
    workspace_id: str,
    name: str,
    state: SealedState,
    *,
    present: SealedState | None = None,
) -> None:
    """Write which state the block is about to get; those it may have already stay.

    `present` is what was found in the block of a credential of which nothing was written down
    yet. Raises NotFound.
    """
    known = _held(connection, workspace_id, name)
    if known is None:
        known = [] if present is None else [present]
    pending = state.model_copy(update={"pending": True})
    _keep(connection, workspace_id, name, [*known, pending])


def confirm(connection: Connection, workspace_id: str, name: str, state: SealedState) -> None:
    """Write that the block has got this state; older ones are not accepted any more.

    A younger one, and an older one that is being written, are another process's: they stay.
    Raises NotFound.
    """
    known = _held(connection, workspace_id, name) or []
    numbers = [number for number, one in enumerate(known) if one.values == state.values]
    own = numbers[-1] if numbers else len(known)
    before = [one for one in known[:own] if one.pending and one.since > now() - WRITTEN_WITHIN]
    confirmed = state.model_copy(update={"pending": False})
    _keep(connection, workspace_id, name, [*before, confirmed, *known[own + 1 :]])


def settle(connection: Connection, workspace_id: str, name: str, state: SealedState) -> None:
    """Write down the state that the block was found in, and forget others that are old.

    One that may be being written stays. Raises NotFound.
    """
    known = _held(connection, workspace_id, name)
    settled = settled_states(known, state)
    if settled != known:
        _keep(connection, workspace_id, name, settled)


def settled_states(known: Sequence[SealedState] | None, state: SealedState) -> list[SealedState]:
    """Return the states that stay once a block was found in one of them."""
    if known is None:
        return [state]
    old = now() - WRITTEN_WITHIN
    return [
        one.model_copy(update={"pending": one.pending and one.since > old})
        for one in known
        if one.values == state.values or one.since > old
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
        .values(sealed=[one.model_dump(mode="json") for one in states])
    )
