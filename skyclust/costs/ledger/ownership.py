"""One authoritative source an account: whose rows count, and whose are shadows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from skyclust.contract.cost import CostDelivery
from skyclust.errors import NotFound
from skyclust.store import audit, cost_accounts, cost_heads, cost_rollups, workspaces
from skyclust.store.cost_accounts import CostAccount
from skyclust.store.cost_heads import CostHead, PeriodKey
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

NOT_COUNTED: Final = "Shadow, not counted"
"""What the reason begins with why rows are in no sum."""


def own_or_shadow(
    connection: Connection, workspace_id: str, delivery: CostDelivery, key: PeriodKey
) -> str | None:
    """Make a source the owner of its account if nothing speaks against it.

    Returns why its rows of the period are a shadow (`shadow_reason`), None when they count. The
    delivery's rollups have been written.
    """
    reason = shadow_reason(
        connection, workspace_id, key, provider=delivery.provider, estimates=delivery.shadow
    )
    if reason is None and cost_accounts.find(connection, workspace_id, key[1]) is None:
        cost_accounts.write(
            connection,
            workspace_id,
            key.billing_account_id,
            source=key.source,
            provider=delivery.provider,
            chosen_by=None,
        )
        count_again(connection, workspace_id)
    return reason


def shadow_reason(
    connection: Connection,
    workspace_id: str,
    key: PeriodKey,
    *,
    provider: str,
    estimates: bool = False,
) -> str | None:
    """Return why the rows of a period are a shadow, None when they count.

    The first source that delivers an account owns it, unless its rows are `estimates`. In no period
    are rows counted whose sub accounts have rows of another source of the same provider that counts
    on the same days: a member account's own export beside that of the organization, or a
    subscription's query beside an export of its enrollment. Ids of sub accounts are a provider's
    own: `default` of one is not that of another.
    """
    owner = cost_accounts.find(connection, workspace_id, key.billing_account_id)
    if owner is not None and owner.source != key.source:
        return f"{NOT_COUNTED}: {owner.source} counts for {key.billing_account_id}."
    if owner is None and estimates:
        return f"{NOT_COUNTED}: the source delivers estimates to compare with."
    others = _counted_elsewhere(connection, workspace_id, key, provider)
    if not others:
        return None
    sub_account, other = others[0]
    more = len({name for name, _ in others}) - 1
    return (
        f"{NOT_COUNTED}: {other.source} of {other.billing_account_id} counts, and has the same days"
        f" of sub account {sub_account}{f' and {more} more' if more else ''}."
    )


def count_again(connection: Connection, workspace_id: str) -> None:
    """Let the periods of authoritative sources count of which no other source counts any more.

    The caller has locked the costs.
    """
    owners = {
        account.billing_account_id: account.source
        for account in cost_accounts.list_all(connection, workspace_id)
    }
    for head in cost_heads.list_all(connection, workspace_id):
        if (
            head.shadow
            and owners.get(head.key.billing_account_id) == head.key.source
            and not _counted_elsewhere(connection, workspace_id, head.key, head.provider)
        ):
            cost_heads.write(connection, workspace_id, replace(head, shadow=False))


def _counted_elsewhere(
    connection: Connection, workspace_id: str, key: PeriodKey, provider: str
) -> list[tuple[str, PeriodKey]]:
    days = cost_rollups.sub_account_days(connection, workspace_id, key)
    return cost_accounts.other_owners(connection, workspace_id, key.source, provider, days)


def set_authoritative(
    store: Store, workspace_id: str, billing_account_id: str, source: str, *, requested_by: str
) -> CostAccount:
    """Let the rows of a source count for a billing account, and those of others be shadows.

    Those of others are the same account's, and the periods of the provider's other accounts that
    have the same sub accounts on the same days. Raises NotFound for an account that the source has
    never delivered.
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
        _give_way(connection, workspace_id, theirs)
        count_again(connection, workspace_id)
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


def _give_way(connection: Connection, workspace_id: str, chosen: Sequence[CostHead]) -> None:
    """Make the periods of other accounts shadows that have what the chosen periods have."""
    for one in chosen:
        for _, other in _counted_elsewhere(connection, workspace_id, one.key, one.provider):
            head = cost_heads.find(connection, workspace_id, other)
            if head is not None:
                cost_heads.write(connection, workspace_id, replace(head, shadow=True))


def release_if_unused(connection: Connection, workspace_id: str, key: PeriodKey) -> None:
    """Leave an account without an owner when nothing is left of the source that came first.

    A source that a person chose stays. Periods of other accounts that were shadows beside it count
    again. The caller has locked the costs.
    """
    owner = cost_accounts.find(connection, workspace_id, key.billing_account_id)
    if owner is not None and owner.source == key.source and owner.chosen_by is None:
        left = [
            head
            for head in cost_heads.list_all(connection, workspace_id)
            if head.key[:2] == key[:2] and head.delivery_id is not None
        ]
        if not left:
            cost_accounts.remove(connection, workspace_id, key.billing_account_id)
    count_again(connection, workspace_id)
