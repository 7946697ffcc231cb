"""Importing a folder of this computer."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from skyclust.costs.collection.account import AccountCosts
from skyclust.costs.collection.deliveries import CollectionOptions
from skyclust.costs.collection.importing import (
    IMPORTED,
    Begun,
    ignore,
    import_deliveries,
    named,
    source_of,
)
from skyclust.costs.collection.known_files import DeliveredFiles
from skyclust.costs.imports.folder import deliveries_in
from skyclust.errors import PermissionDenied
from skyclust.log import Log
from skyclust.settings import load_settings
from skyclust.store.engine import Store


def import_folder(
    store: Store,
    workspace_id: str,
    folder: Path,
    options: CollectionOptions,
    log: Log,
    *,
    source: str | None = None,
    complete: tuple[date, date] | None = None,
    begun: Begun = ignore,
) -> AccountCosts:
    """Apply the deliveries of a folder or file, and return what became of each.

    `source` is the name that they are kept under, by default that of the folder. `complete` are
    the days that files without a manifest claim. Raises NotFound for an unknown workspace, and
    where there is nothing to import; InvalidRequest for a text that is no name of a source.
    """
    name = named(source, source_name(folder))
    deliveries = deliveries_in(
        folder,
        source=f"{IMPORTED}:{name}",
        complete=complete,
        known=DeliveredFiles(store, workspace_id, f"{IMPORTED}:{name}"),
    )
    return import_deliveries(store, workspace_id, name, deliveries, options, log, begun=begun)


def source_name(folder: Path) -> str:
    """Return the name of a folder, or of a file without its extensions, as a source has it."""
    name = folder.resolve().name
    return source_of(name.split(".", 1)[0] if folder.is_file() else name)


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
