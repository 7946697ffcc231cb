"""`skyclust operation`, second half: what a person decides about an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skyclust.cli import completion
from skyclust.cli.flow_runs import run_flow
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace
from skyclust.cli.output import say, show_record
from skyclust.cli.requests import checked
from skyclust.cli.run_outcome import finish
from skyclust.cli.run_tables import OPERATIONS
from skyclust.cli.server import require_server
from skyclust.cli.short_ids import whole_operation_id

if TYPE_CHECKING:
    from skyclust.model.operation import Operation

Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="Id of the operation, or its beginning.",
        autocompletion=completion.open_operations,
    ),
]
Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID",
        help="Ids of the operations, or their beginnings.",
        autocompletion=completion.open_operations,
    ),
]


def retry(
    operation_ids: Ids,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Resume operations that need attention, once the cause of their failure is repaired."""
    require_server()
    from skyclust.orchestration.decisions import resume_operation
    from skyclust.store.engine import open_store

    whole_ids = tuple(whole_operation_id(workspace, each) for each in operation_ids)
    for operation_id in whole_ids:
        resume_operation(open_store(), workspace, operation_id)
    recover_now(workspace, whole_ids, local=local, no_wait=no_wait, as_json=as_json)


def cancel(
    operation_id: Id,
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Complete what has begun; roll nothing back.")
    ] = False,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Cancel an operation: what was not begun is not begun, what was begun is rolled back.

    An instance that is being created is deleted again, a snapshot too; an instance that was
    stopped for a resize or a restore is started again. A start, a stop or a deletion that the
    cloud has accepted is completed. A run at work does this at its next step; otherwise a
    recovery does it now. No other place is tried for an instance whose creation was cancelled.
    """
    require_server()
    from skyclust.orchestration.decisions import cancel_operation, has_living_run
    from skyclust.store.engine import open_store

    operation_id = whole_operation_id(workspace, operation_id)
    operation = cancel_operation(open_store(), workspace, operation_id, keep=keep)
    if not has_living_run(operation):
        recover_now(workspace, (operation_id,), local=local, no_wait=no_wait, as_json=as_json)
        return
    say(f"Flow run {operation.run_id} works on it, and cancels it at its next step.")
    _show(operation, as_json=as_json)


def abandon(
    operation_id: Id,
    *,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit trail.")],
    force: Annotated[
        bool, typer.Option("--force", help="Also when a run works on it: it is fenced off.")
    ] = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """End an operation at its position. Nothing is rolled back: check what may be left."""
    if not force:  # whether a run works on it is known to the server alone
        require_server()
    from skyclust.orchestration.decisions import abandon_operation
    from skyclust.store.engine import open_store

    operation_id = whole_operation_id(workspace, operation_id)
    abandoned = abandon_operation(open_store(), workspace, operation_id, reason=reason, force=force)
    _show(abandoned, as_json=as_json)


def recover_now(
    workspace: str,
    operation_ids: tuple[str, ...],
    *,
    local: bool,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Run a recovery, of all operations when none is named, and end as it ends."""
    from skyclust.model.request import RecoverRequest

    request = checked(RecoverRequest, workspace=workspace, operations=operation_ids)
    outcome = run_flow("recover-operations", request, local=local, no_wait=no_wait, as_json=as_json)
    finish(outcome, as_json=as_json, tables=OPERATIONS)


def _show(operation: Operation, *, as_json: bool) -> None:
    from skyclust.operations.queries import operation_row

    show_record(operation_row(operation), as_json=as_json, title=f"Operation {operation.id}")
