"""Blocks of removed credentials: they are to go, and until then nobody takes them for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from skyclust.store.tables import unwanted_blocks
from skyclust.store.types import now


@dataclass(frozen=True)
class UnwantedBlock:
    """A Prefect block that is to be deleted, by its document's id."""

    workspace_id: str
    document_id: str
    block_name: str


def give_up(
    connection: Connection, workspace_id: str, *, document_id: str, block_name: str
) -> None:
    """Write that a block is to be deleted; once more is no error."""
    if document_id in {one.document_id for one in unwanted(connection, workspace_id)}:
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
    """Return the blocks that are to be deleted, oldest first; of all workspaces when None."""
    query = select(unwanted_blocks).order_by(unwanted_blocks.c.since)
    if workspace_id is not None:
        query = query.where(unwanted_blocks.c.workspace_id == workspace_id)
    return [
        UnwantedBlock(row.workspace_id, row.document_id, row.block_name)
        for row in connection.execute(query)
    ]


def forget(connection: Connection, workspace_id: str, document_id: str) -> None:
    """Write that a block is gone."""
    connection.execute(
        delete(unwanted_blocks).where(
            unwanted_blocks.c.workspace_id == workspace_id,
            unwanted_blocks.c.document_id == document_id,
        )
    )
