"""Importing a folder: its deliveries are applied, and what it cannot deliver is reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
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
from skyclust.costs.imports.folder import deliveries_in
from skyclust.errors import PermissionDenied, SkyClustError
from skyclust.log import Log
from skyclust.settings import load_settings
from skyclust.store import workspaces
from skyclust.store.engine import Store

IMPORTED: Final = "file"
"""What the sources of imported files begin with; their name follows."""


def import_folder(
    store: Store,
    workspace_id: str,
    folder: Path,
    options: CollectionOptions,
    log: Log,
    *,
    source: str | None = None,
    complete: tuple[date, date] | None = None,
) -> AccountCosts:
    """Apply the deliveries of a folder or file, and return what became of each.

    `source` is the name that they are kept under, by default that of the folder. `complete` are
    the days that files without a manifest claim. Raises NotFound for an unknown workspace, and
    where there is nothing to import.
    """
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
    name = source or source_name(folder)
    refused: list[FailedDelivery] = []
    deliveries = _without_refused(
        deliveries_in(folder, source=f"{IMPORTED}:{name}", complete=complete), name, refused
    )
    collected = apply_deliveries(store, workspace_id, deliveries, options, log)
    return AccountCosts(
        workspace_id=workspace_id,
        account=name,
        provider="",
        collected=with_failed(collected, refused),
    )


def source_name(folder: Path) -> str:
    """Return the name of a folder, or of a file without its extensions, as a source has it."""
    name = folder.resolve().name.split(".", 1)[0] if folder.is_file() else folder.resolve().name
    return (
        "-".join(
            part
            for part in "".join(
                letter if letter.isalnum() and letter.isascii() else "-" for letter in name.lower()
            ).split("-")
            if part
        )
        or "import"
    )


def allowed_folder(given: str) -> Path:
    """Return the folder of a worker that a run may import from.

    The parameters of a run come from whoever can start one, so that the operator of the worker
    decides which folders those are. Raises PermissionDenied for any other.
    """
    wanted = Path(given).expanduser().resolve()
    allowed = [
        Path(one.strip()).expanduser().resolve()
        for one in load_settings().cost_import_folders.split(",")
        if one.strip()
    ]
    if any(wanted.is_relative_to(one) for one in allowed):
        return wanted
    raise PermissionDenied(
        f"Costs may not be imported from {given} by a worker.",
        hint="Let its operator add the folder to SKYCLUST_COST_IMPORT_FOLDERS, or use"
        " `skyclust cost import`, which reads the files itself.",
    )


def _without_refused(
    deliveries: Iterable[CostDelivery], name: str, refused: list[FailedDelivery]
) -> Iterator[CostDelivery]:
    """Yield the deliveries; what could not be delivered goes to `refused` after the last."""
    some = False
    try:
        for delivery in listed_deliveries(deliveries, "", refused):
            some = True
            yield delivery
    except SkyClustError as error:
        if not some:
            raise
        refused.append(failed_delivery(name, "", "", error))
