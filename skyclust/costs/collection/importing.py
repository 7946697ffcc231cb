"""Applying the deliveries of imported files, wherever they are, and saying what was refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from skyclust.contract.cost import CostDelivery
from skyclust.costs.collection.account import AccountCosts, listed_deliveries
from skyclust.costs.collection.deliveries import (
    CollectionOptions,
    FailedDelivery,
    apply_deliveries,
    failed_delivery,
    with_failed,
)
from skyclust.errors import InvalidRequest, SkyClustError, Transient
from skyclust.log import Log
from skyclust.model.cost_source import LONGEST_SOURCE_NAME, SOURCE_RULE, is_source_name
from skyclust.store import workspaces
from skyclust.store.engine import Store

IMPORTED: Final = "file"
"""What the sources of imported files begin with; their name follows."""

Begun = Callable[[CostDelivery], None]
"""Takes each delivery before it is read: what a person follows an import by."""


def ignore(_: CostDelivery) -> None:
    """Report nothing."""


def import_deliveries(  # noqa: PLR0917  # what `import_folder` and `import_bucket` share
    store: Store,
    workspace_id: str,
    name: str,
    deliveries: Iterable[CostDelivery],
    options: CollectionOptions,
    log: Log,
    *,
    begun: Begun = ignore,
) -> AccountCosts:
    """Apply the deliveries of imported files, and return what became of each and of those refused.

    `name` is that of their source. Raises NotFound for an unknown workspace, and the error of the
    files themselves where no delivery could be made of them.
    """
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
    refused = _Refused(name)
    collected = apply_deliveries(
        store, workspace_id, _announced(refused.all_but(deliveries), begun), options, log
    )
    return AccountCosts(
        workspace_id=workspace_id,
        account=name,
        provider="",
        collected=with_failed(collected, refused.failed, transient=refused.transient),
    )


def named(source: str | None, default: str) -> str:
    """Return the name of a source, or the default where none is named.

    Raises InvalidRequest for a text that is no name of a source.
    """
    if source is None:
        return default
    if not is_source_name(source):
        raise InvalidRequest(
            f"{source[:60]!r} is no name of a source of costs.",
            hint=f"It has {SOURCE_RULE}, such as {source_of(source)}.",
        )
    return source


def source_of(name: str) -> str:
    """Return a name as a source has it: letters and digits with dashes between.

    Upper and lower case stay: folders that differ in nothing else are two sources.
    """
    parts = re.findall(r"[A-Za-z0-9]+", name)
    return "-".join(parts)[:LONGEST_SOURCE_NAME].rstrip("-") or "import"


def described(delivery: CostDelivery) -> str:
    """Return what a delivery is of and how large it is, for people: "2026-10 of 1234: 2 files".

    The size is that of the files as they are stored, for each delivery that reads them.
    """
    size = sum(file.size or 0 for file in delivery.files) / 1_000_000
    return (
        f"{delivery.period} of {delivery.billing_account_id}:"
        f" {len(delivery.files)} files, {size:,.1f} MB"
    )


def _announced(deliveries: Iterable[CostDelivery], begun: Begun) -> Iterator[CostDelivery]:
    for delivery in deliveries:
        begun(delivery)
        yield delivery


@dataclass
class _Refused:
    """What could not be delivered, so that all else is; `transient` may succeed later."""

    name: str
    failed: list[FailedDelivery] = field(default_factory=list)
    transient: Transient | None = None

    def all_but(self, deliveries: Iterable[CostDelivery]) -> Iterator[CostDelivery]:
        """Yield the deliveries; what could not be delivered is kept after the last.

        An error before the first is raised: nothing is known of what there is to import then.
        """
        some = False
        try:
            for delivery in listed_deliveries(deliveries, "", self.failed):
                some = True
                yield delivery
        except SkyClustError as error:
            if not some:
                raise
            self.failed.append(failed_delivery(self.name, "", "", error))
            self.transient = error if isinstance(error, Transient) else None
