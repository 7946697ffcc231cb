"""Reads the manifests of Azure Cost Management exports.

Each run of an export writes its parts and a `manifest.json` into one folder,
`<root>/<export>/<first day>-<last day>/[<time>/]<run>/`. The manifest holds the dataset
(`exportConfig.type`), the range (`runInfo`, its last day included), and each part with its bytes
and rows
(https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from skyclust.errors import InvalidRequest, UnexpectedAnswer
from skyclust.providerkit.cost_exports import CostExport, ExportedFile, export_fingerprint
from skyclust.providerkit.json_fields import JsonFields
from skyclust.providerkit.object_store import ObjectStore, StoredObject, read_json, safe_parts

_FIELDS: Final = JsonFields("azure")
_OWNER: Final = re.compile(
    r"/providers/Microsoft\.Billing/billingAccounts/[^/]+(?:/billingProfiles/[^/]+)?", re.IGNORECASE
)
_TIME: Final = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d+)?(?:Z|\+00:00)?")
_OTHER_COSTS: Final = frozenset({"actualcost", "amortizedcost", "usage"})
_WITHOUT_COSTS: Final = frozenset(
    {"pricesheet", "reservationdetails", "reservationrecommendations", "reservationtransactions"}
)


def is_azure_manifest(name: str) -> bool:
    """Return whether an object's name is that of a manifest of an Azure export."""
    return name.rpartition("/")[2].lower() == "manifest.json"


def read_azure_export(
    store: ObjectStore, manifest: StoredObject, present: Mapping[str, StoredObject]
) -> CostExport | None:
    """Return the export that a manifest describes, None for a dataset that holds no costs.

    `present` are the store's objects by name. Raises InvalidRequest where a part is missing or has
    another size, where the manifest contradicts itself, and for actual and amortized costs.
    """
    document = read_json(store, manifest)
    try:
        return _export(manifest, document, present)
    except UnexpectedAnswer as error:
        raise InvalidRequest(
            f"{manifest.name} is not as Azure documents a manifest: {error.message}",
            hint="Export the month again.",
            provider="azure",
        ) from error


def without_replaced(exports: Iterable[CostExport]) -> Sequence[CostExport]:
    """Return the exports that no younger one of the same export replaces, the oldest first.

    An export of the month to date is written anew each day, and holds all days before.
    """
    kept: list[CostExport] = []
    for export in sorted(exports, key=lambda item: (item.produced_at, item.manifest), reverse=True):
        replaced = any(
            (younger.scope, younger.name, younger.period_start)
            == (export.scope, export.name, export.period_start)
            and younger.complete_from <= export.complete_from
            and younger.complete_to >= export.complete_to
            for younger in kept
        )
        if not replaced:
            kept.append(export)
    return kept[::-1]


def _export(
    manifest: StoredObject, document: Mapping[str, Any], present: Mapping[str, StoredObject]
) -> CostExport | None:
    config = _FIELDS.inner(document, "exportConfig")
    run = _FIELDS.inner(document, "runInfo")
    if not _holds_focus(_FIELDS.required_text(config, "type"), manifest.name):
        return None
    start = _time(run, "startDate").date()
    end = _time(run, "endDate").date() + timedelta(days=1)
    period = start.replace(day=1)
    period_end = date(period.year + period.month // 12, period.month % 12 + 1, 1)
    if not start < end <= period_end:
        raise InvalidRequest(
            f"{manifest.name} covers {start} to {end}, which is not within one month.",
            hint="Export one month at a time.",
            provider="azure",
        )
    files = _files(manifest, document, present)
    scope = _FIELDS.text(config, "resourceId") or ""
    scope = re.split("/providers/Microsoft.CostManagement/", scope, flags=re.IGNORECASE)[0]
    owner = _OWNER.match(scope)
    version = re.match(r"\d+\.\d+", _FIELDS.text(config, "dataVersion") or "")
    return CostExport(
        name=_FIELDS.required_text(config, "exportName"),
        manifest=manifest.name,
        period_start=period,
        period_end=period_end,
        complete_from=start,
        complete_to=end,
        produced_at=_time(run, "submittedTime"),
        files=files,
        fingerprint=export_fingerprint(
            (scope, start.isoformat(), end.isoformat(), _FIELDS.text(run, "runId") or ""), files
        ),
        focus_version=version[0] if version else "1.0",
        owner=owner[0] if owner else None,
        scope=scope,
    )


def _holds_focus(dataset: str, name: str) -> bool:
    if dataset.lower().startswith("focus"):
        return True
    if dataset.lower() in _WITHOUT_COSTS:
        return False
    known = "actual or amortized" if dataset.lower() in _OTHER_COSTS else "other"
    raise InvalidRequest(
        f"{name} is of the dataset {dataset}, which holds {known} costs and not FOCUS rows.",
        hint="Create an export of the type `Cost and usage details (FOCUS)` in Cost Management, and"
        " import that.",
        provider="azure",
    )


def _time(fields: Mapping[str, Any], key: str) -> datetime:
    """Return a time of a manifest in UTC; it has up to seven digits behind the second's point."""
    value = _FIELDS.required_text(fields, key)
    match = _TIME.fullmatch(value)
    try:
        # Without an offset it is UTC, as the others are.
        return datetime.fromisoformat(match[1] if match else value).replace(tzinfo=UTC)
    except ValueError:
        raise UnexpectedAnswer(f"Its {key!r} is {value!r}, which is no time in UTC.") from None


def _files(
    manifest: StoredObject, document: Mapping[str, Any], present: Mapping[str, StoredObject]
) -> list[ExportedFile]:
    doing = f"read the export of {manifest.name}"
    blobs = _FIELDS.objects(document, "blobs")
    names = [_FIELDS.required_text(blob, "blobName").strip() for blob in blobs]
    folders = {safe_parts(name.lstrip("/"), doing=doing)[:-1] for name in names}
    count = _FIELDS.integer(document, "blobCount")
    if (
        not isinstance(document.get("blobs"), list)
        or len(set(names)) != len(names)
        or len(folders) > 1
    ):
        raise InvalidRequest(
            f"Could not {doing}: it does not list each part once, in one folder.",
            hint="Export the month again.",
            provider="azure",
        )
    files = [_file(manifest, name, blob, present) for name, blob in zip(names, blobs, strict=True)]
    rows = [file.rows for file in files]
    total = _FIELDS.integer(document, "dataRowCount")
    known = [number for number in rows if number is not None]
    if (count is not None and count != len(files)) or (
        total is not None and len(known) == len(rows) and sum(known) != total
    ):
        raise InvalidRequest(
            f"Could not {doing}: its parts are not as many, or have not as many rows, as it says.",
            hint="Export the month again.",
            provider="azure",
        )
    return files


def _file(
    manifest: StoredObject,
    name: str,
    blob: Mapping[str, Any],
    present: Mapping[str, StoredObject],
) -> ExportedFile:
    """Return a part of a run: it lies beside its manifest, wherever both were copied to."""
    folder = manifest.name.rpartition("/")[0]
    base = name.rpartition("/")[2]
    item = present.get(f"{folder}/{base}" if folder else base)
    size = _FIELDS.integer(blob, "byteCount")
    # Whether the bytes of a compressed part are counted before or after is not documented; its
    # own checksum and its rows are checked when it is read.
    other_size = item is not None and size not in {None, item.size} and not base.endswith(".gz")
    if item is None or other_size:
        wrong = f"has {item.size} bytes instead of {size}" if item else "is missing"
        raise InvalidRequest(
            f"Could not read the export of {manifest.name}: the part {base} {wrong}.",
            hint="Nothing of this delivery was imported. Copy the part again, or export the month"
            " again.",
            provider="azure",
        )
    return ExportedFile(item, _FIELDS.integer(blob, "dataRowCount"))
