"""`skyclust operation`: the journal of changes."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from skyclust.cli import completion
from skyclust.cli.columns import list_columns
from skyclust.cli.inventory_filters import Cursor
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.operation_decisions import abandon, cancel, recover_now, retry
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace
from skyclust.cli.output import say, show_list, show_record
from skyclust.cli.short_ids import whole_operation_id
from skyclust.model.operation import OperationState

app = typer.Typer(no_args_is_help=True)

COLUMNS: Final = list_columns(
    "id",
    "kind",
    "subject_name",
    "state",
    "credential",
    "region",
    "updated_at",
    "step",
    "subject_id",
    "attempts",
    "error",
    priorities={"error": 3},
    wide=("subject_kind", "provider", "requested_by", "run_id", "created_at", "finished_at"),
)
ENTRY_COLUMNS: Final = ("sequence", "at", "epoch", "state", "step", "run_id", "detail")


@app.command("list")
@with_list_options(limit=1000)
def list_all(
    *,
    state: Annotated[
        list[OperationState] | None, typer.Option("--state", "-s", help="May be repeated.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            "-k",
            help="For example create, resize; may be repeated.",
            autocompletion=completion.operation_kinds,
        ),
    ] = None,
    credential: Annotated[
        str | None,
        typer.Option(
            "--credential", "-c", help="Of this one.", autocompletion=completion.credentials
        ),
    ] = None,
    cursor: Cursor = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List operations, newest first."""
    from skyclust.inventory.filter_checks import require_names
    from skyclust.operations.queries import search_operations
    from skyclust.operations.subjects import operation_kinds
    from skyclust.store.engine import open_store

    options.refuse_cursor(cursor)
    store = open_store()
    page = search_operations(
        store,
        workspace,
        states=state or (),
        kinds=kind or (),
        credential=credential,
        limit=options.query_limit,
        cursor=cursor,
    )
    rows = [operation.model_dump() for operation in page.operations]
    if credential and not rows:  # operations outlive the credential that they were made with
        require_names(store, workspace, credential_names=[credential])
    show_list(
        rows,
        COLUMNS,
        options,
        title="Operations",
        total=page.total,
        next_cursor=page.next_cursor,
    )
    unknown = sorted(set(kind or ()) - set(operation_kinds()))
    if unknown:
        known = ", ".join(operation_kinds())
        say(f"There is no kind {', '.join(unknown)}. Kinds are: {known}.", style="yellow")


@app.command()
def show(
    operation_id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Id of the operation, or its beginning.",
            autocompletion=completion.operations,
        ),
    ],
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Show an operation, what it may have left in the cloud, and its history."""
    from skyclust.operations.queries import show_operation
    from skyclust.store.engine import open_store

    operation_id = whole_operation_id(workspace, operation_id)
    details = show_operation(open_store(), workspace, operation_id)
    record = details.operation.model_dump() | {"may_be_left": details.may_be_left}
    lines = [entry.model_dump() for entry in details.entries]
    if as_json:
        show_record(record | {"entries": lines}, as_json=True)
        return
    show_record(record, as_json=False, title=f"Operation {operation_id}")
    show_list(lines, ENTRY_COLUMNS, ListOptions(), title="Journal")


@app.command()
def recover(
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Carry on the operations whose run is gone; this also happens by itself."""
    from skyclust.store import workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
    recover_now(workspace, (), local=local, no_wait=no_wait, as_json=as_json)


app.command("retry")(retry)
app.command("cancel")(cancel)
app.command("abandon")(abandon)
