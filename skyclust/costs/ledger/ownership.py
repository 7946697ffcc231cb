"""One authoritative source an account: whose rows count, and whose are shadows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skyclust.contract.cost import CostDelivery
from skyclust.errors import NotFound
from skyclust.store import audit, cost_accounts, cost_heads, cost_rollups, workspaces
from skyclust.store.cost_accounts import CostAccount
from skyclust.store.cost_heads import PeriodKey
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def own_or_shadow(
    connection: Connection, workspace_id: str, delivery: CostDelivery, key: PeriodKey
) -> str | None:
    """Make a source the owner of its account if nothing speaks against it.

    Returns why its rows are a shadow, None when they count. The first source that delivers an
    account owns it, unless it declares itself a shadow, or another authoritative source
    has rows of the same sub accounts on the same days: a member account's own export beside that
    of the organisation. The delivery's rollups have been written.
    """
    owner = cost_accounts.find(connection, workspace_id, key.billing_account_id)
    if owner is not None:
        if owner.source == key.source:
            return None
        return f"The rows are a shadow: {owner.source} counts for {key.billing_account_id}."
    if delivery.shadow:
        return "The rows are a shadow: the source delivers estimates to compare with."
    days = cost_rollups.sub_account_days(connection, workspace_id, key)
    others = cost_accounts.other_owners(connection, workspace_id, key.source, days)
    if others:
        sub_account, source = others[0]
        return (
            f"The rows are a shadow: {source} has the same days of sub account {sub_account}"
            f" and {len(others) - 1} more."
        )
    cost_accounts.write(
        connection,
        workspace_id,
        key.billing_account_id,
        source=key.source,
        provider=delivery.provider,
        chosen_by=None,
    )
    return None


def set_authoritative(
    store: Store, workspace_id: str, billing_account_id: str, source: str, *, requested_by: str
) -> CostAccount:
    """Let the rows of a source count for a billing account, and those of others be shadows.

    Raises NotFound for an account that the source has never delivered.
    """

    def write(connection: Connection) -> CostAccount:
        workspaces.hold(connection, workspace_id)
        cost_accounts.lock_costs(connection, workspace_id)
        heads = [
            head
            for head in cost_heads.list_all(connection, workspace_id)
            if head.key.billing_account_id == billing_account_id
        ]
        theirs = [head for head in heads if head.key.source == source]
        if not theirs:
            raise NotFound(
                f"{source!r} has delivered nothing of billing account {billing_account_id!r}.",
                hint="The list of deliveries has the sources of each account.",
            )
        before = cost_accounts.find(connection, workspace_id, billing_account_id)
        cost_accounts.write(
            connection,
            workspace_id,
            billing_account_id,
            source=source,
            provider=theirs[0].provider,
            chosen_by=requested_by,
        )
        for head in heads:
            cost_heads.write(
                connection, workspace_id, replace(head, shadow=head.key.source != source)
            )
        audit.append(
            connection,
            workspace_id,
            actor=requested_by,
            action="cost.choose-source",
            object=f"billing-account:{billing_account_id}",
            detail={"source": source, "before": before.source if before else None},
        )
        chosen = cost_accounts.find(connection, workspace_id, billing_account_id)
        if chosen is None:
            raise NotFound(f"There is no billing account {billing_account_id!r}.")
        return chosen

    return store.write(write)


def release_if_unused(connection: Connection, workspace_id: str, key: PeriodKey) -> None:
    """Leave an account without an owner when nothing is left of the source that came first.

    A source that a person chose stays. The caller has locked the costs.
    """
    owner = cost_accounts.find(connection, workspace_id, key.billing_account_id)
    if owner is None or owner.source != key.source or owner.chosen_by is not None:
        return
    left = [
        head
        for head in cost_heads.list_all(connection, workspace_id)
        if head.key[:2] == key[:2] and head.delivery_id is not None
    ]
    if not left:
        cost_accounts.remove(connection, workspace_id, key.billing_account_id)
