"""Makes deliveries of data files that no manifest describes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from skyclust.contract.cost import CostDelivery
from skyclust.contract.cost_files import RowSelection, StoredCostFile, stored_file
from skyclust.costs.imports.double_files import refuse_doubles
from skyclust.costs.imports.export_deliveries import AWS_CHANGES
from skyclust.costs.imports.file_facts import FileFacts, KnownFiles, NoFiles, content_digest
from skyclust.costs.imports.file_spans import FileSpan, file_spans, joined_spans
from skyclust.costs.imports.reading import columns_of
from skyclust.errors import InvalidRequest
from skyclust.providerkit.cost_exports import focus_version_of, refuse_other_columns
from skyclust.providerkit.object_store import ObjectStore, StoredObject

_NO_FILES: Final = NoFiles()

_CHANGES: Final = AWS_CHANGES
"""How long a period counts as provisional after its end: the longest that a cloud documents."""


def plain_deliveries(
    store: ObjectStore,
    items: Sequence[StoredObject],
    *,
    source: str,
    complete: tuple[date, date] | None = None,
    known: KnownFiles = _NO_FILES,
) -> Iterator[CostDelivery]:
    """Yield the deliveries of data files, sorted by account, period and first day.

    All files are one delivery for each account, period and range of days that follow each other:
    a day between that has no rows is not claimed, for it may be in a file that is not here.
    `complete`, half open, claims these days instead. Each delivery was produced when the youngest
    file was written. The files that are not `known` are read for what they hold; any that cannot be
    read refuses all. Files of equal content make deliveries of equal fingerprints, whatever their
    names and times.

    Raises InvalidRequest for files that do not hold FOCUS rows, for a file that is there twice, for
    rows outside `complete` unless that is their whole period, and where there are no rows: files
    without rows do not name their account.
    """
    refuse_doubles(store, items)
    files = [stored_file(store, item) for item in items]
    versions = []
    for file in files:
        columns = columns_of(file)
        refuse_other_columns(columns, of=file.name)
        versions.append(focus_version_of(columns))
    facts = [_facts(store, item, file, known) for item, file in zip(items, files, strict=True)]
    files = [replace(file, facts=each.document()) for file, each in zip(files, facts, strict=True)]
    spans = joined_spans(span for each in facts for span in each.spans or ())
    if not spans:
        raise InvalidRequest(
            f"{items[0].name} has no rows, and does not say whose month it is.",
            hint="Import the export's folder with its manifest, or a month that has charges.",
        )
    if complete is not None:
        _refuse_outside(spans, complete)
    for span in spans:
        for start, end in [complete] if complete is not None else span.ranges():
            yield _delivery(items, files, span, (start, end), source=source, version=max(versions))


def _facts(
    store: ObjectStore, item: StoredObject, file: StoredCostFile, known: KnownFiles
) -> FileFacts:
    """Return what a file holds: read it for that only where no file of its content was read."""
    facts = known.same_file(item)
    content = content_digest(store, item) if facts is None else facts.content
    if facts is None:
        facts = known.same_content(item.size, content)
    if facts is None or facts.spans is None:
        return FileFacts(content, file_spans([file]))
    return facts


def _delivery(
    items: Sequence[StoredObject],
    files: Sequence[StoredCostFile],
    span: FileSpan,
    days: tuple[date, date],
    *,
    source: str,
    version: str,
) -> CostDelivery:
    selected = None if _is_whole(span, days) else days
    selection = RowSelection(
        span.billing_account_id, span.period.start, selected, skips_others=True
    )
    produced_at = max(item.modified for item in items)
    identity = (span.billing_account_id, str(span.period), *(day.isoformat() for day in days))
    content = "\n".join((*identity, *sorted(file.facts["content"] for file in files)))
    return CostDelivery(
        source=source,
        provider=span.provider,
        billing_account_id=span.billing_account_id,
        period=span.period,
        complete_from=days[0],
        complete_to=days[1],
        produced_at=produced_at,
        focus_version=version,
        files=tuple(replace(file, selection=selection) for file in files),
        fingerprint=hashlib.sha256(content.encode()).hexdigest(),
        provisional=produced_at.date() < span.period.end + _CHANGES,
    )


def _refuse_outside(spans: Sequence[FileSpan], complete: tuple[date, date]) -> None:
    start, end = complete
    outside = sorted(
        day
        for span in spans
        if not _is_whole(span, complete)
        for day in span.days
        if not start <= day < end
    )
    if outside:
        raise InvalidRequest(
            f"The files have rows of {outside[0]}, which is not in {start} to {end}.",
            hint="Name the whole range of days that the files are complete for; its end is not in"
            " it.",
        )


def _is_whole(span: FileSpan, days: tuple[date, date]) -> bool:
    """Return whether days are a whole billing period: its rows may be of days outside then."""
    return days[0] <= span.period.start and span.period.end <= days[1]
