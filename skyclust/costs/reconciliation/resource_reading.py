"""Reading what the comparison of ledger and inventory needs from the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from skyclust.costs.advice.estate import read_estate
from skyclust.costs.advice.paid_costs import read_paid_costs
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.costs.reconciliation.mismatches import ResourceReport
from skyclust.costs.reconciliation.resources import (
    RECENT_DAYS,
    ComparedEstate,
    compare_resources,
)
from skyclust.costs.resource_matching import match_resources
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import OperationState
from skyclust.store import cost_settings, credentials, operations, resource_ages
from skyclust.store.engine import Store


def read_resource_report(
    store: Store,
    workspace_id: str,
    *,
    now: datetime | None = None,
    root: LedgerRoot | None = None,
) -> ResourceReport:
    """Return how ledger and inventory of a workspace disagree about its resources.

    Raises NotFound for an unknown workspace.
    """
    moment = now or datetime.now(UTC)
    estate = read_estate(store, workspace_id)
    paid = read_paid_costs(store, workspace_id, moment.date(), root=root)
    # The newest delivered days may be as old as this; what was there then may be gone.
    since = moment - timedelta(3 * RECENT_DAYS)
    with store.reading() as connection:
        gone = resource_ages.gone_since(connection, workspace_id, since)
        accounts = {one.name: one.account for one in credentials.list_all(connection, workspace_id)}
        created = operations.list_all(
            connection,
            workspace_id,
            states=[OperationState.SUCCEEDED],
            kinds=[InstanceAction.CREATE.value],
            limit=None,
        )
        settings = cost_settings.get(connection, workspace_id)
    known = {(one.credential, one.region, one.kind, one.id) for one in estate.resources}
    gone = [one for one in gone if (one.credential, one.region, one.kind, one.id) not in known]
    return compare_resources(
        ComparedEstate(
            estate=estate,
            paid=paid,
            matches=match_resources(paid.days, [*estate.resources, *gone]),
            accounts=accounts,
            ours={
                name for one in created for name in (one.subject_id, one.subject_unique_id) if name
            },
            owner_keys=settings.allocation_tags,
            today=moment.date(),
        )
    )
