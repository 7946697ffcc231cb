"""Which sealed values of a credential are the right ones; no user data of what has ended."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

GONE = "********"
"""Not a digest: earlier versions kept user data in the clear, and a short password in it could be
guessed from its digest."""

ROWS_AT_ONCE = 500


def upgrade() -> None:
    """Add the column, and take the user data out of every operation that has ended.

    The column is empty for the credentials that there are: what is sealed in their blocks is
    written down when each is opened next. Operations that are open keep their user data until
    `skyclust up`, a rotation or the hourly sealing seals it, for this has no key.
    """
    op.add_column("credentials", sa.Column("sealed", _document()))
    connection = op.get_bind()
    operations = sa.table(
        "operations",
        sa.column("workspace_id", sa.Text),
        sa.column("operation_id", sa.Text),
        sa.column("kind", sa.Text),
        sa.column("request", _document()),
        sa.column("finished_at"),
    )
    ended = connection.execute(
        sa.select(operations.c.workspace_id, operations.c.operation_id, operations.c.request).where(
            operations.c.kind == "create", operations.c.finished_at.is_not(None)
        )
    )
    for rows in ended.partitions(ROWS_AT_ONCE):
        for row in rows:
            scrubbed = _without_user_data(row.request)
            if scrubbed != row.request:
                connection.execute(
                    sa.update(operations)
                    .where(
                        operations.c.workspace_id == row.workspace_id,
                        operations.c.operation_id == row.operation_id,
                    )
                    .values(request=scrubbed)
                )


def _document() -> Any:
    return sa.JSON(none_as_null=True).with_variant(
        postgresql.JSONB(none_as_null=True), "postgresql"
    )


def _without_user_data(request: Any) -> Any:
    if not isinstance(request, dict):
        return request
    changed = dict(request)
    if isinstance(changed.get("spec"), dict):
        changed["spec"] = _scrubbed(changed["spec"])
    if isinstance(changed.get("fallbacks"), list):
        changed["fallbacks"] = [
            {**one, "spec": _scrubbed(one["spec"])}
            if isinstance(one, dict) and isinstance(one.get("spec"), dict)
            else one
            for one in changed["fallbacks"]
        ]
    return changed


def _scrubbed(spec: dict[str, Any]) -> dict[str, Any]:
    return {**spec, "user_data": GONE} if spec.get("user_data") is not None else spec
