"""Recording the rates of a workspace, with a line in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from skyclust.model.currency_rate import CurrencyRate
from skyclust.store import audit, currency_rates
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def record_rates(
    store: Store,
    workspace_id: str,
    rates: Sequence[CurrencyRate],
    *,
    today: date,
    recorded_by: str,
) -> int:
    """Write rates, all or none, and return how many are new or changed.

    Months before that of `today` are closed: their rates stay, and what a closed month lacks may
    still be added. Raises Conflict for another rate of a closed month, InvalidRequest for one that
    is not more than zero, NotFound for an unknown workspace.
    """

    def write(connection: Connection) -> int:
        written = currency_rates.record(
            connection, workspace_id, rates, closed_before=today.replace(day=1)
        )
        if written:
            days = [rate.valid_from for rate in rates]
            audit.append(
                connection,
                workspace_id,
                actor=recorded_by,
                action="currency_rates.recorded",
                object=f"currency-rates:{workspace_id}",
                detail={
                    "rates": written,
                    "currencies": sorted({rate.currency for rate in rates})
                    + sorted({rate.to_currency for rate in rates}),
                    "from": min(days).isoformat(),
                    "to": max(days).isoformat(),
                    "origins": sorted({rate.origin for rate in rates}),
                },
            )
        return written

    return store.write(write)
