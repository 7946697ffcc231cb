"""Blocks of removed credentials: they will be deleted, and are not used until then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from skyclust.store.tables import unwanted_blocks
from skyclust.store.types import now


@dataclass(frozen=True)
class UnwantedBlock:
    """A Prefect block to delete, named by the id of its document."""

    workspace_id: str
    document_id: str
    block_name: str


def give_up(
    connection: Connection, workspace_id: str, *, document_id: str, block_name: str
) -> None:
    """Write that a block has to be deleted; a repeated call is no error."""
    if document_id in {block.document_id for block in unwanted(connection, workspace_id)}:
        return
    connection.execute(
        insert(unwanted_blocks).values(
            workspace_id=workspace_id,
            document_id=document_id,
            block_name=block_name,
            since=now(),
        )
    )


def unwanted(connection: Connection, workspace_id: str | None = None) -> Sequence[UnwantedBlock]:
    """Return the blocks to delete, oldest first; of all workspaces if none is given."""
    query = select(unwanted_blocks).order_by(unwanted_blocks.c.since)
    if workspace_id is not None:
        query = query.where(unwanted_blocks.c.workspace_id == workspace_id)
    return [
        UnwantedBlock(row.workspace_id, row.document_id, row.block_name)
        for row in connection.execute(query)
    ]


def forget(connection: Connection, workspace_id: str, document_id: str) -> None:
    """Remove the note of a block that was deleted."""
    connection.execute(
        delete(unwanted_blocks).where(
            unwanted_blocks.c.workspace_id == workspace_id,
            unwanted_blocks.c.document_id == document_id,
        )
    )
