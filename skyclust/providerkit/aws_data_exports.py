"""Reads the manifests of AWS Data Exports: which files are the newest refresh of each period.

An export delivers to `<prefix>/<export>/data/BILLING_PERIOD=YYYY-MM/`, or into a folder of each
refresh below it where the export creates new files. Its manifest,
`<prefix>/<export>/metadata/BILLING_PERIOD=YYYY-MM/[<refresh>/]<export>-Manifest.json`, is delivered
after all data files and lists them under `dataFiles`, as `s3://` addresses
(https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html,
https://docs.aws.amazon.com/cur/latest/userguide/dataexports-manifest.html). It holds no sizes and
no time: what was produced when is the time of the manifest itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from skyclust.errors import Conflict, InvalidRequest, UnexpectedAnswer
from skyclust.providerkit.cost_exports import (
    CostExport,
    ExportedFile,
    export_fingerprint,
    focus_version_of,
    refuse_other_columns,
)
from skyclust.providerkit.json_fields import JsonFields
from skyclust.providerkit.object_store import ObjectStore, StoredObject, read_json, safe_parts

_MANIFEST: Final = re.compile(
    r"(?P<root>(?:.*/)?)metadata/(?P<partition>BILLING_PERIOD=(?P<year>\d{4})-(?P<month>\d{2}))/"
    r"(?:[^/]+/)?(?P<export>[^/]+)-Manifest\.json",
    re.IGNORECASE,
)
_OWNER: Final = re.compile(r"arn:[^:]*:bcm-data-exports:[^:]*:(\d{12}):export/.+")
_FIELDS: Final = JsonFields("aws")


def is_data_export_manifest(name: str) -> bool:
    """Return whether an object's name is that of a manifest of AWS Data Exports."""
    return _MANIFEST.fullmatch(name) is not None


def newest_manifests(items: Iterable[StoredObject]) -> Sequence[StoredObject]:
    """Return the newest manifest of each export and billing period, sorted by name.

    An export that creates new files keeps the manifests of earlier refreshes.
    """
    newest: dict[tuple[str, str], StoredObject] = {}
    for item in items:
        match = _MANIFEST.fullmatch(item.name)
        if match is None:
            continue
        key = (match["root"] + match["export"], match["partition"])
        known = newest.get(key)
        if known is None or (item.modified, item.name) > (known.modified, known.name):
            newest[key] = item
    return sorted(newest.values(), key=lambda item: item.name)


def read_data_export(
    store: ObjectStore, manifest: StoredObject, present: Mapping[str, StoredObject]
) -> CostExport:
    """Return the export that a manifest describes; `present` are the store's objects by name.

    Raises InvalidRequest where a file that it names is missing or is not one of this export and
    period, and where the columns are not those of FOCUS; Conflict while the export is being
    overwritten: a file is then younger than the manifest.
    """
    match = _MANIFEST.fullmatch(manifest.name)
    if match is None:
        raise InvalidRequest(f"{manifest.name} is not the name of a manifest of AWS Data Exports.")
    document = read_json(store, manifest)
    try:
        return _export(store, manifest, match, document, present)
    except UnexpectedAnswer as error:
        raise InvalidRequest(
            f"{manifest.name} is not as AWS documents a manifest: {error.message}",
            hint="Copy the manifest again, or wait for the next refresh of the export.",
            provider="aws",
        ) from error


def _export(
    store: ObjectStore,
    manifest: StoredObject,
    match: re.Match[str],
    document: Mapping[str, Any],
    present: Mapping[str, StoredObject],
) -> CostExport:
    columns = list(_column_names(document))
    refuse_other_columns(columns, of=manifest.name)
    start = _month_start(int(match["year"]), int(match["month"]), manifest.name)
    end = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    addresses = _FIELDS.texts(document, "dataFiles")
    if not isinstance(document.get("dataFiles"), list) or len(set(addresses)) != len(addresses):
        raise InvalidRequest(
            f"{manifest.name} does not list each data file once.",
            hint="Copy the manifest again, or wait for the next refresh of the export.",
        )
    files = [
        ExportedFile(_named_object(address, match, manifest, present)) for address in addresses
    ]
    # The objects of a copy were written in any order, whatever its bucket keeps.
    if store.keeps_times and all(name.startswith(f"{store.place}/") for name in addresses):
        _refuse_overwriting(manifest, files)
    arn = _FIELDS.text(document, "exportArn") or ""
    owner = _OWNER.fullmatch(arn)
    execution = _FIELDS.text(document, "executionId") or ""
    return CostExport(
        name=match["export"],
        manifest=manifest.name,
        period_start=start,
        period_end=end,
        complete_from=start,
        complete_to=end,
        produced_at=manifest.modified,
        files=files,
        fingerprint=export_fingerprint((arn, match["partition"], execution), files),
        owner=owner[1] if owner else None,
        focus_version=focus_version_of(columns),
    )


def _column_names(document: Mapping[str, Any]) -> Iterator[str]:
    for column in _FIELDS.objects(document, "columns"):
        yield _FIELDS.required_text(column, "name")


def _month_start(year: int, month: int, name: str) -> date:
    try:
        return date(year, month, 1)
    except ValueError:
        raise InvalidRequest(f"{name} does not name a month as its billing period.") from None


def _named_object(
    address: str,
    match: re.Match[str],
    manifest: StoredObject,
    present: Mapping[str, StoredObject],
) -> StoredObject:
    """Return the object that an address of a manifest names.

    The address begins at the bucket, and the store may be a copy of a part of it. What both have
    in common begins at the export's own folder, and nothing outside its data of this period may
    be named.
    """
    doing = f"read the export of {manifest.name}"
    scheme, separator, path = address.partition("://")
    folder = f"/{match['export']}/data/{match['partition']}/"
    before, found, rest = path.rpartition(folder)
    if scheme.lower() != "s3" or not separator or not before or not found:
        raise InvalidRequest(
            f"Could not {doing}: it names {address!r}, which is not a data file of this export and"
            " period.",
            hint="A manifest may name files of its own export only. Was it edited?",
        )
    name = "/".join((f"{match['root']}data/{match['partition']}", *safe_parts(rest, doing=doing)))
    item = present.get(name)
    if item is None:
        raise InvalidRequest(
            f"Could not {doing}: the file {name} that it names is missing.",
            hint="Nothing of this delivery was imported. Copy the file, or wait for the next"
            " refresh of the export.",
        )
    return item


def _refuse_overwriting(manifest: StoredObject, files: Sequence[ExportedFile]) -> None:
    younger = next((file for file in files if file.item.modified > manifest.modified), None)
    if younger is not None:
        raise Conflict(
            f"{younger.item.name} is younger than {manifest.name}: the export is being refreshed.",
            hint="The manifest is delivered after all files; collect again in a few minutes.",
            provider="aws",
        )
