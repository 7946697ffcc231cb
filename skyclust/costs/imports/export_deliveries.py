"""Makes deliveries of the exports of AWS and Azure that were copied to an object store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from skyclust.contract.cost import CostDelivery
from skyclust.contract.cost_files import export_delivery, stored_file
from skyclust.costs.imports.file_spans import billing_accounts, first_billing_account
from skyclust.errors import InvalidRequest, SkyClustError
from skyclust.providerkit.aws_data_exports import newest_manifests, read_data_export
from skyclust.providerkit.azure_cost_exports import (
    is_azure_manifest,
    read_azure_export,
    without_replaced,
)
from skyclust.providerkit.cost_exports import CostExport
from skyclust.providerkit.object_store import ObjectStore, StoredObject

AWS_CHANGES: Final = timedelta(days=14)
"""How long AWS changes a billing period after its end
(https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html)."""

AZURE_CHANGES: Final = timedelta(days=5)
"""How long Azure exports the month before anew (tutorial-improved-exports, "Cost export runs twice
a day for the first five days of the month")."""

Refuse = Callable[[str, SkyClustError], None]
"""Takes the name of a manifest and why its delivery is refused; all others are delivered."""

_AWS_ROOT: Final = re.compile(
    r"(.*/)?metadata/BILLING_PERIOD=\d{4}-\d{2}/(?:[^/]+/)?[^/]+-Manifest\.json", re.IGNORECASE
)
_AZURE_RANGE: Final = re.compile(r"((?:.*/)?)\d{8}-\d{8}/")


def export_root(name: str) -> str | None:
    """Return the beginning of all names of the export that a manifest is of.

    None for a name of no manifest; "" where the export is the whole store.
    """
    aws = _AWS_ROOT.fullmatch(name)
    if aws is not None:
        return aws[1] or ""
    if not is_azure_manifest(name):
        return None
    folder = name.rpartition("/")[0]
    dated = _AZURE_RANGE.match(name)
    if dated is not None:
        return dated[1]
    return f"{folder}/" if folder else ""


def aws_deliveries(
    store: ObjectStore, present: Mapping[str, StoredObject], *, source: str, refuse: Refuse
) -> Iterator[CostDelivery]:
    """Yield the newest refresh of each AWS export and billing period, by the name of its manifest.

    The billing account is that of the first row; that of an export without rows is its owner.
    """
    for manifest in newest_manifests(present.values()):
        try:
            export = read_data_export(store, manifest, present)
            account = _account_of(store, export)
        except SkyClustError as error:
            refuse(manifest.name, error)
            continue
        yield export_delivery(
            store,
            export,
            source=source,
            provider="aws",
            billing_account_id=account,
            provisional=export.produced_at.date() < export.period_end + AWS_CHANGES,
        )


def azure_deliveries(
    store: ObjectStore, present: Mapping[str, StoredObject], *, source: str, refuse: Refuse
) -> Iterator[CostDelivery]:
    """Yield the runs of Azure exports that no younger run replaces, the oldest first.

    A run of a Microsoft Customer Agreement's billing account holds several billing accounts, in
    the words of FOCUS: its billing profiles. Each is a delivery.
    """
    exports: list[CostExport] = []
    for name in sorted(filter(is_azure_manifest, present)):
        try:
            export = read_azure_export(store, present[name], present)
        except SkyClustError as error:
            refuse(name, error)
            continue
        if export is not None:
            exports.append(export)
    for export in without_replaced(exports):
        several = _covers_profiles(export)
        try:
            accounts = _accounts_of(store, export) if several else [_account_of(store, export)]
        except SkyClustError as error:
            refuse(export.manifest, error)
            continue
        for account in accounts:
            yield export_delivery(
                store,
                export,
                source=source,
                provider="azure",
                billing_account_id=account,
                provisional=export.produced_at.date() < export.period_end + AZURE_CHANGES,
                skips_others=several,
            )


def _covers_profiles(export: CostExport) -> bool:
    """Return whether an Azure export is of a billing account with billing profiles, or a customer.

    An enrollment's id is a number; that of a Microsoft Customer Agreement has colons.
    """
    scope = export.scope.lower()
    return ":" in scope and "/billingprofiles/" not in scope


def _account_of(store: ObjectStore, export: CostExport) -> str:
    files = [stored_file(store, file.item) for file in export.files]
    account = first_billing_account(files) or export.owner
    if account is None:
        raise _no_account(export)
    return account


def _accounts_of(store: ObjectStore, export: CostExport) -> Sequence[str]:
    accounts = billing_accounts([stored_file(store, file.item) for file in export.files])
    if not accounts and export.owner is None:
        raise _no_account(export)
    return accounts or [str(export.owner)]


def _no_account(export: CostExport) -> InvalidRequest:
    return InvalidRequest(
        f"{export.manifest} has no rows and does not name the billing account.",
        hint="Export a month that has charges first.",
    )
