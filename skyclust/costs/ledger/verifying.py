"""Verification: files of the ledger are read now and then, so that a decayed one is found."""

from __future__ import annotations

from datetime import date
from typing import Final

from skyclust.costs.ledger.slice_files import corrupt, damage_sentence, lost_or_short
from skyclust.costs.ledger.storage import LedgerRoot, open_root
from skyclust.store import cost_heads, cost_slices, workspaces
from skyclust.store.engine import Store

ROUND: Final = 30
"""Days in which each file is read once, where a part of them is verified each day."""


def verify_files(
    store: Store, workspace_id: str, today: date, *, root: LedgerRoot | None = None
) -> list[str]:
    """Return in words which files of current slices are lost, short or corrupt.

    All are looked for, shadows too; the pages of one in ROUND are read and compared with their
    checksums, another part each day. Raises NotFound for an unknown workspace.
    """
    where = root or open_root()
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        current = [
            each
            for head in cost_heads.list_all(connection, workspace_id)
            for each in cost_slices.of_period(connection, workspace_id, head.key)
        ]
    damaged = lost_or_short(where, current)
    lost = {each.slice_id for each, _ in damaged}
    due = [
        each
        for each in current
        if each.slice_id not in lost
        and each.charge_day.toordinal() % ROUND == today.toordinal() % ROUND
    ]
    return [damage_sentence(each, what) for each, what in [*damaged, *corrupt(where, due)]]
