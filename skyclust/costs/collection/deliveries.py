"""Reading deliveries and applying them, one after the other; one that fails fails alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from skyclust.contract.cost import BillingPeriod, CostDelivery
from skyclust.costs.focus.headers import read_headers
from skyclust.costs.focus.normalize import normalize
from skyclust.costs.focus.rows import rows_to_table
from skyclust.costs.focus.value_remarks import ValueRemarks
from skyclust.costs.imports.reading import read_batches
from skyclust.costs.ledger.delivering import DeliveryOptions, DeliveryResult, apply_delivery
from skyclust.errors import SkyClustError, Transient, tree_class
from skyclust.log import Log
from skyclust.store.engine import Store


@dataclass(frozen=True)
class CollectionOptions:
    """How deliveries are applied: for which run and person, and what the brake allows."""

    run_id: str | None
    requested_by: str
    brake_share: float = 0.5
    allow_mass_withdrawal: bool = False

    def with_remarks(self, remarks: Sequence[str]) -> DeliveryOptions:
        """Return the options of one delivery, whose remarks may grow while it is read."""
        return DeliveryOptions(
            requested_by=self.requested_by,
            run_id=self.run_id,
            brake_share=self.brake_share,
            allow_mass_withdrawal=self.allow_mass_withdrawal,
            remarks=remarks,
        )


@dataclass(frozen=True)
class FailedDelivery:
    """A delivery that was not applied: nothing of it is in the ledger."""

    source: str
    billing_account_id: str
    period: str
    reason: str
    hint: str
    error_class: str


@dataclass(frozen=True)
class CollectedDelivery:
    """A delivery that is in the ledger, or that changed nothing there, and what became of it."""

    source: str
    billing_account_id: str
    period: BillingPeriod
    result: DeliveryResult


@dataclass(frozen=True)
class Collected:
    """What a collection did: the deliveries that were applied or unchanged, and those that failed.

    `transient` is the first error that may be gone at another attempt; None without one.
    """

    results: tuple[CollectedDelivery, ...]
    failed: tuple[FailedDelivery, ...]
    transient: Transient | None = None


def apply_deliveries(
    store: Store,
    workspace_id: str,
    deliveries: Iterable[CostDelivery],
    options: CollectionOptions,
    log: Log,
) -> Collected:
    """Apply each delivery all or nothing, and return what became of each.

    An error while a delivery is read or applied is kept, and the next one is tried. An error of
    the list itself is raised: which deliveries there are is not known then.
    """
    results: list[CollectedDelivery] = []
    failed: list[FailedDelivery] = []
    transient: Transient | None = None
    for delivery in deliveries:
        remarks: list[str] = []
        try:
            result = apply_delivery(
                store,
                workspace_id,
                delivery,
                tables_of(delivery, remarks),
                options.with_remarks(remarks),
            )
        except SkyClustError as error:
            log.warning("%s of %s: %s", delivery.source, delivery.period, error)
            failed.append(
                failed_delivery(
                    delivery.source, delivery.billing_account_id, str(delivery.period), error
                )
            )
            if isinstance(error, Transient) and transient is None:
                transient = error
        else:
            log.info(
                "%s of %s: %s, %d rows", delivery.source, delivery.period, result.state, result.rows
            )
            results.append(
                CollectedDelivery(
                    delivery.source, delivery.billing_account_id, delivery.period, result
                )
            )
    return Collected(tuple(results), tuple(failed), transient)


def tables_of(delivery: CostDelivery, remarks: list[str]) -> Iterator[pa.Table]:
    """Yield the rows of a delivery in the columns of the ledger, part by part.

    Remarks about the headers of its files are added to `remarks`, each once, and those about its
    values after the last part. Raises InvalidRequest that names the file and column of what is no
    FOCUS row.
    """
    noticed = ValueRemarks()
    for file in delivery.files:
        headers, first_row = None, 1
        for batch in read_batches(file):
            if headers is None:
                headers = read_headers(batch.schema.names, origin=file.name)
                remarks += [one for one in headers.remarks if one not in remarks]
            yield normalize(
                batch, origin=file.name, first_row=first_row, headers=headers, remarks=noticed
            )
            first_row += batch.num_rows
    for part in delivery.rows:
        first_row = 1
        for page in part.pages():
            if page:
                yield rows_to_table(page, origin=part.name, first_row=first_row, remarks=noticed)
                first_row += len(page)
    remarks += noticed.sentences()


def with_failed(
    collected: Collected, failed: Sequence[FailedDelivery], *, transient: Transient | None = None
) -> Collected:
    """Return what was collected with further failed deliveries; `transient` is why one failed."""
    return replace(
        collected,
        failed=(*collected.failed, *failed),
        transient=collected.transient or transient,
    )


def failed_delivery(
    source: str, billing_account_id: str, period: str, error: SkyClustError
) -> FailedDelivery:
    """Return the record of a delivery that an error kept out of the ledger."""
    return FailedDelivery(
        source=source,
        billing_account_id=billing_account_id,
        period=period,
        reason=error.message,
        hint=error.hint,
        error_class=tree_class(error).__name__,
    )
