"""`skyclust cost import`: bring files of a folder or bucket into the ledger."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli import completion
from skyclust.cli.columns import list_columns
from skyclust.cli.cost_collection import AllowMassWithdrawal
from skyclust.cli.cost_options import parse_day
from skyclust.cli.exits import ExitCode, exit_code
from skyclust.cli.list_options import without_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace
from skyclust.cli.output import say, show_list, show_record, stderr
from skyclust.errors import InvalidRequest, class_named
from skyclust.model.object_address import is_object_address, parse_object_address

if TYPE_CHECKING:
    from skyclust.contract import CostDelivery
    from skyclust.costs.collection.account import AccountCosts

COLUMNS: Final = list_columns(
    "state",
    "source",
    "billing_account",
    "period",
    "rows",
    "days_written",
    "days_unchanged",
    "days_withdrawn",
    wide=("delivery_id", "reason", "remarks", "hint"),
)
"""Reasons and remarks are sentences below the table."""


def import_files(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="A FOCUS file, a folder of an export, or s3://bucket/prefix with --credential.",
        ),
    ],
    *,
    credential: Annotated[
        str | None,
        typer.Option(
            "--credential",
            "-c",
            metavar="NAME",
            help="Read a bucket with this credential of AWS, at its endpoint.",
            autocompletion=completion.credentials,
        ),
    ] = None,
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
    imported = _imported(
        place,
        credential,
        workspace,
        source,
        _complete_days(complete_from, complete_to),
        allow_mass_withdrawal=allow_mass_withdrawal,
    )
    rows = delivery_rows(imported)
    if as_json:
        show_record({"source": imported.account, "deliveries": rows}, as_json=True)
    else:
        show_list(rows, COLUMNS, without_options(as_json=False), title="Deliveries")
        for applied in imported.collected.results:
            for remark in filter(None, (applied.result.shadow_reason, *applied.result.remarks)):
                say(f"{applied.source} {applied.period}: {remark}", style="yellow")
        for failed in imported.collected.failed:
            say(f"{failed.source} {failed.period}: {failed.reason} {failed.hint}", style="red")
    if imported.collected.failed:
        raise typer.Exit(_code(imported))


def _imported(
    place: str,
    credential: str | None,
    workspace: str,
    source: str | None,
    complete: tuple[date, date] | None,
    *,
    allow_mass_withdrawal: bool,
) -> AccountCosts:
    """Import a bucket with its credential, or a folder without one."""
    from skyclust.costs.collection.deliveries import CollectionOptions
    from skyclust.orchestration.actor import current_actor
    from skyclust.store.engine import open_store

    in_bucket = is_object_address(place)
    if in_bucket != (credential is not None):
        raise InvalidRequest(
            "--credential is of use for s3://bucket/prefix only."
            if credential
            else f"{place} is read with a credential: which one?",
            hint="skyclust cost import s3://bucket/prefix --credential NAME",
        )
    options = CollectionOptions(
        run_id=None, requested_by=current_actor(), allow_mass_withdrawal=allow_mass_withdrawal
    )
    log = _log()
    with _progress() as begun:
        if not credential:
            from skyclust.costs.collection.folder import import_folder

            return import_folder(
                open_store(),
                workspace,
                Path(place),
                options,
                log,
                source=source,
                complete=complete,
                begun=begun,
            )
        from skyclust.cli.provider_access import provider_of
        from skyclust.contract import Provider
        from skyclust.costs.collection.bucket import import_bucket

        try:
            address = parse_object_address(place)
        except ValueError as error:
            raise InvalidRequest(f"{error}.") from error
        with provider_of(workspace, credential, Provider) as provider:
            return import_bucket(
                open_store(),
                workspace,
                provider,
                address,
                options,
                log,
                source=source,
                complete=complete,
                begun=begun,
            )


def _log() -> logging.Logger:
    """Return a log that a process shows if it has set one up: the command itself prints failures.

    Without a handler Python prints warnings on stderr, where each reason would stand twice.
    """
    log = logging.getLogger("skyclust.costs")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    return log


def _complete_days(start: str | None, end: str | None) -> tuple[date, date] | None:
    if bool(start) != bool(end):
        raise InvalidRequest("--complete-from and --complete-to go together.")
    if not start or not end:
        return None
    return parse_day(start, "--complete-from"), parse_day(end, "--complete-to")


@contextmanager
def _progress() -> Iterator[Callable[[CostDelivery], None]]:
    """Show on a terminal which delivery is read, and nothing elsewhere."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from skyclust.costs.collection.importing import described

    console = stderr()
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as line:
        task = line.add_task("Looking for deliveries", total=None)
        yield lambda delivery: line.update(task, description=f"Importing {described(delivery)}")


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
            "reason": one.result.shadow_reason,
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
