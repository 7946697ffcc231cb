"""Deliveries of an export of AWS Data Exports in a bucket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from providers.aws.buckets import Bucket
from providers.aws.export_address import ExportAddress
from skyclust.contract import CostDelivery
from skyclust.contract.cost_files import export_delivery
from skyclust.errors import (
    Conflict,
    IncompleteList,
    InvalidRequest,
    NotFound,
    SkyClustError,
    UnreadableItem,
)
from skyclust.providerkit.aws_data_exports import newest_manifests, read_data_export
from skyclust.providerkit.cost_exports import CostExport

if TYPE_CHECKING:
    from providers.aws.client import AwsClients

CHANGES: Final = timedelta(days=14)
"""How long AWS changes a billing period after its end
(https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html)."""

_PERIOD: Final = re.compile(r"/BILLING_PERIOD=(\d{4})-(\d{2})/", re.IGNORECASE)


def list_exported(
    clients: AwsClients,
    export: ExportAddress,
    billing_account: str | None,
    start: date,
    end: date,
) -> Iterator[CostDelivery]:
    """Yield the newest refresh of each billing period that overlaps [start, end).

    The billing account is `billing_account`, by default the one that the export belongs to. Raises
    NotFound when nothing was delivered yet, and IncompleteList after the last delivery for the
    periods whose delivery is refused: a part is missing, or the columns are not those of FOCUS.
    """
    store = Bucket(clients.s3(export.region), export.bucket)
    present = {item.name: item for item in store.list(f"{export.path}/")}
    manifests = newest_manifests(present.values())
    if not manifests:
        raise NotFound(
            f"Nothing was delivered to s3://{export.bucket}/{export.path} yet.",
            hint="Is this the address of the export, with its name at the end? The first delivery"
            " comes within 24 hours after the export was created.",
            provider="aws",
        )
    refused: list[UnreadableItem] = []
    for manifest in manifests:
        if not _overlaps(manifest.name, start, end):
            continue
        try:
            read = read_data_export(store, manifest, present)
            account = billing_account or _owner(read)
        except (InvalidRequest, NotFound, Conflict) as error:
            refused.append(_unreadable(manifest.name, export.region, error))
            continue
        yield export_delivery(
            store,
            read,
            source=export.source,
            provider="aws",
            billing_account_id=account,
            provisional=read.produced_at.date() < read.period_end + CHANGES,
        )
    if refused:
        raise IncompleteList(
            f"{len(refused)} of the deliveries of s3://{export.bucket}/{export.path} were refused:"
            f" {refused[0].reason}",
            items=refused,
            hint="All others were read. AWS delivers again within a day.",
            provider="aws",
        )


def _owner(export: CostExport) -> str:
    if export.owner is None:
        raise InvalidRequest(
            f"{export.manifest} does not name the account of the export.",
            hint="Name it in cost_billing_account of the credential.",
        )
    return export.owner


def _overlaps(name: str, start: date, end: date) -> bool:
    """Return whether the period of a manifest overlaps a range; True for one that is no month.

    Reading such a manifest refuses it with the reason.
    """
    match = _PERIOD.search(f"/{name}")
    if match is None or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1:
        return True
    first = date(int(match[1]), int(match[2]), 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first < end and following > start


def _unreadable(name: str, region: str, error: SkyClustError) -> UnreadableItem:
    return UnreadableItem(name=name, region=region, reason=error.message)
