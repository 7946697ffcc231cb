"""Makes deliveries of a folder: of the exports in it by their manifests, and of any other files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from skyclust.contract.cost import CostDelivery
from skyclust.contract.cost_files import named_format
from skyclust.costs.imports.export_deliveries import (
    aws_deliveries,
    azure_deliveries,
    export_root,
)
from skyclust.costs.imports.file_facts import KnownFiles, NoFiles
from skyclust.costs.imports.local_folder import LocalFolder
from skyclust.costs.imports.plain_files import plain_deliveries
from skyclust.errors import (
    IncompleteList,
    NotFound,
    SkyClustError,
    Transient,
    UnreadableItem,
)
from skyclust.providerkit.object_store import ObjectStore, StoredObject

_NO_FILES: Final = NoFiles()


def deliveries_in(
    folder: Path,
    *,
    source: str,
    complete: tuple[date, date] | None = None,
    known: KnownFiles = _NO_FILES,
) -> Iterator[CostDelivery]:
    """Yield the deliveries of a folder, or of one file, the oldest first for each period.

    Exports are read by their manifests: AWS Data Exports (FOCUS) and Azure exports (FOCUS); each
    claims what its manifest does. All other data files are one delivery for each billing account,
    billing period and range of days that follow each other; `complete`, half open, claims these
    days instead for every account and period in them. `known` are files without a manifest
    that were read before.

    Raises NotFound where there is no folder or nothing to import in it. What cannot be delivered
    is raised after the last delivery: the error itself where it is the only one, else
    IncompleteList.
    """
    if folder.is_file():
        store, only = LocalFolder(folder.parent), folder.resolve().name
        items = [item for item in store.list(only) if item.name == only]
    else:
        store = LocalFolder(folder)
        items = list(store.list())
    yield from deliveries_of(
        store, items, source=source, complete=complete, known=known, place=str(folder)
    )


def deliveries_of(
    store: ObjectStore,
    items: Sequence[StoredObject],
    *,
    source: str,
    complete: tuple[date, date] | None = None,
    known: KnownFiles = _NO_FILES,
    place: str,
) -> Iterator[CostDelivery]:
    """Yield the deliveries of listed objects, as `deliveries_in` does; `place` names them."""
    present = {item.name: item for item in items}
    roots = {root for item in items if (root := export_root(item.name)) is not None}
    plain = [
        item
        for item in items
        if named_format(item.name) and not any(item.name.startswith(root) for root in roots)
    ]
    if not plain and not roots:
        raise NotFound(
            f"There is nothing to import in {place}: no CSV, gzipped CSV or parquet file.",
            hint="Name the folder that the export was delivered or copied to.",
        )
    refused = _Refused(place)
    yield from aws_deliveries(store, present, source=source, refuse=refused.add)
    yield from azure_deliveries(store, present, source=source, refuse=refused.add)
    if plain:
        try:
            yield from plain_deliveries(store, plain, source=source, complete=complete, known=known)
        except SkyClustError as error:
            refused.add(plain[0].name, error)
    refused.finish()


@dataclass
class _Refused:
    """Collects what could not be delivered, so that all else is."""

    place: str
    errors: dict[str, SkyClustError] = field(default_factory=dict)

    def add(self, name: str, error: SkyClustError) -> None:
        self.errors[name] = error

    def finish(self) -> None:
        """Raise the only error, one that another attempt may not meet, or IncompleteList."""
        for error in self.errors.values():
            if isinstance(error, Transient):
                raise error
        if len(self.errors) == 1:
            raise next(iter(self.errors.values()))
        if self.errors:
            first = next(iter(self.errors.values()))
            raise IncompleteList(
                f"{len(self.errors)} deliveries of {self.place} were refused, the first because:"
                f" {first.message}",
                items=[
                    UnreadableItem(region="", name=name, reason=error.message)
                    for name, error in self.errors.items()
                ],
                hint=first.hint,
            )
