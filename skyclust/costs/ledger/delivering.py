"""Applying deliveries: files first, then one transaction that moves the pointers to them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from skyclust.contract.cost import CostDelivery
from skyclust.costs.ledger.claims import is_superseded, same_content, still_holds
from skyclust.costs.ledger.delivery_commit import commit_delivery, confirm_delivery
from skyclust.costs.ledger.delivery_plan import (
    DeliveryContent,
    DeliveryPlan,
    describe_content,
    plan_delivery,
    require_claimed,
)
from skyclust.costs.ledger.ownership import NOT_COUNTED, shadow_reason
from skyclust.costs.ledger.slice_changes import PeriodState, next_moment, read_state, repeated
from skyclust.costs.ledger.slice_files import lost_or_short
from skyclust.costs.ledger.staging import StagedSlice, stage
from skyclust.costs.ledger.staging_folders import staging_folder
from skyclust.costs.ledger.storage import LedgerRoot, open_root
from skyclust.errors import Conflict, InvalidRequest
from skyclust.store import audit, cost_accounts, outbox, workspaces
from skyclust.store.cost_deliveries import RETRACTED, DeliveryRecord
from skyclust.store.cost_heads import PeriodKey
from skyclust.store.engine import Store
from skyclust.store.types import require_aware

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

LONGEST_PREPARATION: Final = 6 * 3600.0
"""Seconds after which files that were written are not pointed to any more. Collection removes
files without a pointer after a day, so it never meets one that gets a pointer later."""


class DeliveryState(StrEnum):
    """What became of a delivery."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    """Its content is applied already; nothing was read."""
    SUPERSEDED = "superseded"
    """Deliveries that were produced later decide about all its days; nothing was read."""
    RETRACTED = "retracted"
    """A person retracted the delivery with this content; nothing was read."""


@dataclass(frozen=True)
class DeliveryOptions:
    """Who applies a delivery, and how far it may go.

    `brake_share`: see skyclust.costs.ledger.brake. `apply_retracted` applies a delivery whose
    content was retracted. `remarks` are kept with the delivery.
    """

    requested_by: str
    run_id: str | None = None
    brake_share: float = 0.5
    allow_mass_withdrawal: bool = False
    apply_retracted: bool = False
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class DeliveryResult:
    """What became of a delivery, and what it did to the days of its claim.

    `delivery_id` is that of the applied delivery, or of the earlier one with its content.
    `shadow_reason` is why its rows are not counted, "" when they are.
    """

    state: DeliveryState
    delivery_id: str | None
    rows: int = 0
    days_written: tuple[date, ...] = ()
    days_unchanged: tuple[date, ...] = ()
    days_withdrawn: tuple[date, ...] = ()
    shadow_reason: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def shadow(self) -> bool:
        """Return whether its rows are in no sum."""
        return bool(self.shadow_reason)


@dataclass(frozen=True)
class StagedDelivery:
    """A delivery and its staged slices."""

    delivery: CostDelivery
    slices: Sequence[StagedSlice]


def apply_delivery(
    store: Store,
    workspace_id: str,
    delivery: CostDelivery,
    tables: Iterable[Any],
    options: DeliveryOptions,
    *,
    root: LedgerRoot | None = None,
) -> DeliveryResult:
    """Apply a delivery whose rows are these tables or record batches, and return what it did.

    `tables` is read only if the delivery may change something. Each day of the claim ends up as
    the delivery that was produced last has it: days without rows are withdrawn, days that a newer
    delivery claims are left. Nothing is changed when this raises: InvalidRequest for rows of
    another account, period or range; BrakeEngaged; Conflict when other writers come between each
    time; what reading the tables raises.
    """
    where = root or open_root()
    known = settled_without_reading(store, workspace_id, delivery, options, where)
    if known is not None:
        return known
    with staging_folder() as folder:
        staged = stage(tables, folder)
        slices = list(staged.slices.values())
        [result] = apply_staged(
            store, workspace_id, [StagedDelivery(delivery, slices)], options, folder, root=where
        )
    return result


def settled_without_reading(
    store: Store,
    workspace_id: str,
    delivery: CostDelivery,
    options: DeliveryOptions,
    root: LedgerRoot,
) -> DeliveryResult | None:
    """Return the result of a delivery that changes nothing, None for one that has to be read.

    That is one whose fingerprint is known, unless files of its period are lost or short, or one
    that newer deliveries supersede.
    """
    require_aware(delivery.produced_at, "produced_at")
    if delivery.complete_from >= delivery.complete_to:
        raise InvalidRequest(
            f"The delivery of {delivery.billing_account_id} claims no day:"
            f" {delivery.complete_from} to {delivery.complete_to}."
        )
    state = read_state(store, workspace_id, period_key(delivery))
    return _settled(store, workspace_id, state, delivery, options, root)


def _settled(  # noqa: PLR0917  # what `settled_without_reading` and each attempt share
    store: Store,
    workspace_id: str,
    state: PeriodState,
    delivery: CostDelivery,
    options: DeliveryOptions,
    root: LedgerRoot,
) -> DeliveryResult | None:
    same = same_content(state.records, delivery)
    if same is not None and same.state == RETRACTED and not options.apply_retracted:
        return DeliveryResult(DeliveryState.RETRACTED, same.delivery_id)
    holds = same is not None and still_holds(state.records, same, delivery)
    if same is not None and holds and not lost_or_short(root, state.current):
        if delivery.produced_at > same.produced_at:
            confirm_delivery(store, workspace_id, state, same, delivery)
        return DeliveryResult(
            DeliveryState.UNCHANGED,
            same.delivery_id,
            shadow_reason=_shadow_reason(store, workspace_id, delivery, state),
        )
    if is_superseded(state.records, delivery):
        return DeliveryResult(DeliveryState.SUPERSEDED, None)
    return None


def apply_staged(
    store: Store,
    workspace_id: str,
    deliveries: Sequence[StagedDelivery],
    options: DeliveryOptions,
    folder: Path,
    *,
    root: LedgerRoot | None = None,
) -> list[DeliveryResult]:
    """Apply staged deliveries in one transaction, and return what each did.

    `folder` is that of their staging. Raises as `apply_delivery` does; InvalidRequest too when two
    of them are of one account and period.
    """
    keys = [period_key(each.delivery) for each in deliveries]
    if len(set(keys)) < len(keys):
        raise InvalidRequest("Two deliveries of one account and period cannot be applied at once.")
    where = root or open_root()
    began = time.monotonic()
    contents: list[DeliveryContent] = []
    for each in deliveries:
        require_claimed(each.delivery, each.slices)
        contents.append(describe_content(each.delivery, each.slices, folder))

    def attempt() -> list[DeliveryResult]:
        plans: list[DeliveryPlan] = []
        results: list[DeliveryResult | None] = []
        for content in contents:
            delivery = content.delivery
            state = read_state(store, workspace_id, period_key(delivery))
            # Another writer may have applied the same content, or a newer one, since it was read.
            results.append(_settled(store, workspace_id, state, delivery, options, where))
            if results[-1] is None:
                plans.append(
                    plan_delivery(state, workspace_id, content, options, root=where, folder=folder)
                )
        if not plans:
            return [each for each in results if each is not None]
        applied = iter(store.write(lambda connection: _commit(connection, plans)))
        return [each or next(applied) for each in results]

    def _commit(connection: Connection, plans: Sequence[DeliveryPlan]) -> list[DeliveryResult]:
        if time.monotonic() - began > LONGEST_PREPARATION:
            raise Conflict(
                "The delivery was prepared for too long to be applied.",
                hint="Repeat it; look why the rows were read so slowly.",
            )
        workspaces.hold(connection, workspace_id)
        cost_accounts.lock_costs(connection, workspace_id)
        moment = next_moment([plan.change.state for plan in plans])
        done = [
            commit_delivery(connection, workspace_id, plan, options, at=moment) for plan in plans
        ]
        outbox.add(connection, workspace_id, [each.event for each in done])
        for each in done:
            audit.append(connection, workspace_id, **each.audit_line)
        return [
            _result(plan, each.record, each.shadow_reason)
            for plan, each in zip(plans, done, strict=True)
        ]

    return repeated(attempt, f"The delivery of {keys[0].billing_account_id}")


def period_key(delivery: CostDelivery) -> PeriodKey:
    """Return the period of a delivery, as its source has it."""
    return PeriodKey(delivery.source, delivery.billing_account_id, delivery.period.start)


def _shadow_reason(
    store: Store, workspace_id: str, delivery: CostDelivery, state: PeriodState
) -> str:
    """Return why the rows of a period that stays are not counted, "" when they are."""
    if state.head is None or not state.head.shadow:
        return ""
    with store.reading() as connection:
        reason = shadow_reason(
            connection,
            workspace_id,
            state.key,
            provider=state.head.provider,
            estimates=delivery.shadow,
        )
    return reason or f"{NOT_COUNTED}: another source counted when the period was delivered."


def _result(plan: DeliveryPlan, record: DeliveryRecord, not_counted: str) -> DeliveryResult:
    return DeliveryResult(
        DeliveryState.APPLIED,
        record.delivery_id,
        rows=record.rows,
        days_written=plan.written,
        days_unchanged=plan.unchanged,
        days_withdrawn=plan.withdrawn,
        shadow_reason=not_counted,
        remarks=tuple(record.remarks),
    )
