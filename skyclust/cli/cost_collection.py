"""`skyclust cost collect|import`: bring costs into the ledger."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.cost_options import parse_day
from skyclust.cli.exits import ExitCode, exit_code
from skyclust.cli.flow_runs import run_flow
from skyclust.cli.inventory_filters import Credentials, Providers
from skyclust.cli.list_options import without_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace
from skyclust.cli.output import say, show_list, show_record
from skyclust.cli.requests import checked
from skyclust.cli.run_outcome import finish
from skyclust.cli.run_tables import COST_PROBLEMS, COSTS
from skyclust.cli.sync_credentials import require_credentials
from skyclust.errors import InvalidRequest, class_named

if TYPE_CHECKING:
    from skyclust.costs.collection.account import AccountCosts

AllowMassWithdrawal = Annotated[
    bool,
    typer.Option(
        "--allow-mass-withdrawal", help="Apply it even if it removes most of a closed period."
    ),
]

COLUMNS: Final = list_columns(
    "state",
    "source",
    "billing_account",
    "period",
    "rows",
    "days_written",
    "days_unchanged",
    "days_withdrawn",
    "reason",
    wide=("delivery_id", "remarks", "hint"),
)


def collect(
    *,
    credential: Credentials = None,
    provider: Providers = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="Default: the first of the month before."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Exclusive. Default: tomorrow.")
    ] = None,
    metrics: Annotated[
        bool,
        typer.Option("--metrics/--no-metrics", help="Read how much instances are used."),
    ] = True,
    allow_mass_withdrawal: AllowMassWithdrawal = False,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Read what the accounts cost and apply it; exit code 3 when some of it could not be read."""
    from skyclust.model.cost_request import CollectCostsRequest

    request = checked(
        CollectCostsRequest,
        workspace=workspace,
        credentials=tuple(credential or ()),
        providers=tuple(provider or ()),
        start=parse_day(start, "--from") if start else None,
        end=parse_day(end, "--to") if end else None,
        metrics=metrics,
        allow_mass_withdrawal=allow_mass_withdrawal,
    )
    if request.credentials:
        require_credentials(workspace, request.credentials)
    outcome = run_flow("collect-costs", request, local=local, no_wait=no_wait, as_json=as_json)
    finish(outcome, as_json=as_json, tables=COSTS, problems=COST_PROBLEMS)


def import_files(
    path: Annotated[Path, typer.Argument(help="A FOCUS file, or a folder of an export.")],
    *,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="NAME", help="Keep it as this. Default: its own name."),
    ] = None,
    complete_from: Annotated[
        str | None,
        typer.Option(
            "--complete-from",
            metavar="DAY",
            help="Files without a manifest are complete from here; rows they lack are withdrawn.",
        ),
    ] = None,
    complete_to: Annotated[
        str | None, typer.Option("--complete-to", metavar="DAY", help="... until here, exclusive.")
    ] = None,
    allow_mass_withdrawal: AllowMassWithdrawal = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Import FOCUS files: CSV, gzipped CSV or parquet, by manifest where there is one.

    Reads the files in this process. Exit code 3 when some of them could not be imported.
    """
    if bool(complete_from) != bool(complete_to):
        raise InvalidRequest("--complete-from and --complete-to go together.")
    complete = (
        (parse_day(complete_from, "--complete-from"), parse_day(complete_to, "--complete-to"))
        if complete_from and complete_to
        else None
    )
    from skyclust.costs.collection.deliveries import CollectionOptions
    from skyclust.costs.collection.folder import import_folder
    from skyclust.orchestration.actor import current_actor
    from skyclust.store.engine import open_store

    options = CollectionOptions(
        run_id=None, requested_by=current_actor(), allow_mass_withdrawal=allow_mass_withdrawal
    )
    imported = import_folder(
        open_store(),
        workspace,
        path,
        options,
        logging.getLogger("skyclust.costs"),
        source=source,
        complete=complete,
    )
    rows = delivery_rows(imported)
    if as_json:
        show_record({"source": imported.account, "deliveries": rows}, as_json=True)
    else:
        show_list(rows, COLUMNS, without_options(as_json=False), title="Deliveries")
        for failed in imported.collected.failed:
            say(f"{failed.source} {failed.period}: {failed.reason} {failed.hint}", style="red")
    if imported.collected.failed:
        raise typer.Exit(_code(imported))


def delivery_rows(account: AccountCosts) -> list[dict[str, Any]]:
    """Return a row for each delivery of a collection, those that failed first."""
    failed: list[dict[str, Any]] = [
        {
            "state": "failed",
            "source": one.source,
            "billing_account": one.billing_account_id,
            "period": one.period,
            "reason": one.reason,
            "hint": one.hint,
            "error_class": one.error_class,
        }
        for one in account.collected.failed
    ]
    return failed + [
        {
            "state": one.result.state.value,
            "source": one.source,
            "billing_account": one.billing_account_id,
            "period": str(one.period),
            "rows": one.result.rows,
            "days_written": len(one.result.days_written),
            "days_unchanged": len(one.result.days_unchanged),
            "days_withdrawn": len(one.result.days_withdrawn),
            "shadow": one.result.shadow,
            "delivery_id": one.result.delivery_id,
            "remarks": list(one.result.remarks),
        }
        for one in account.collected.results
    ]


def _code(imported: AccountCosts) -> ExitCode:
    """Return the exit code: of the error, where there is one kind and nothing was imported."""
    classes = {one.error_class for one in imported.collected.failed}
    kind = class_named(classes.pop()) if len(classes) == 1 else None
    if imported.collected.results or kind is None:
        return ExitCode.PARTIAL if imported.collected.results else ExitCode.FAILED
    return exit_code(kind(""))
