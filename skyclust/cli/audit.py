"""`skyclust audit`: who did what, in a trail that shows when it was changed."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from skyclust.cli.cells import cut_middle
from skyclust.cli.columns import Column, list_columns
from skyclust.cli.exits import ExitCode
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace
from skyclust.cli.output import say, show_list, show_record, show_text
from skyclust.errors import InvalidRequest, NotFound

app = typer.Typer(no_args_is_help=True)

COLUMNS: Final = (
    *list_columns("sequence", "at", "action"),
    Column("object", least=24, cut=cut_middle),
    *list_columns("actor", "detail", wide=("hash", "previous_hash")),
)


@app.command("list")
@with_list_options()
def list_all(options: ListOptions, workspace: Workspace = DEFAULT_WORKSPACE) -> None:
    """List the trail, oldest line first; with --limit its newest lines."""
    from skyclust.store import audit, workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, workspace, or_removed=True)
        found = audit.list_all(connection, workspace, limit=options.query_limit)
        total = audit.count_all(connection, workspace)
    rows = [entry.model_dump() for entry in found]
    show_list(rows, COLUMNS, options, title="Audit trail", total=total)


@app.command()
def verify(
    expect: Annotated[
        str | None,
        typer.Option(
            metavar="HEAD", help="A head that was noted earlier; the trail has to have it still."
        ),
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Check that no line was changed, added or removed; list what is wrong, exit code 1.

    Prints the head, NUMBER:HASH. Note it where the database's administrators cannot write, and
    give it to --expect later: a trail that was forged as a whole does not have it.
    """
    from skyclust.model.audit import AuditHead
    from skyclust.store import audit, workspaces
    from skyclust.store.engine import open_store

    noted: AuditHead | None = None
    if expect is not None:
        try:
            noted = AuditHead.parse(expect)
        except ValueError as error:
            raise InvalidRequest(f"--expect: {expect!r} {error}.") from error
    with open_store().reading() as connection:
        workspaces.get(connection, workspace, or_removed=True)
        try:
            head = audit.head(connection, workspace)
        except NotFound as error:  # each workspace is made with one
            say(f"{error.message} It was removed.", style="red")
            raise typer.Exit(ExitCode.FAILED) from error
        problems = audit.verify(connection, workspace)
        missing = None if noted is None else audit.missing(connection, workspace, noted)
    if missing is not None:
        problems.append(missing)
    rows = [problem.model_dump() for problem in problems]
    if as_json:
        record = {"workspace": workspace, "head": str(head), **head.model_dump(), "problems": rows}
        show_record(record, as_json=True)
    elif rows:
        show_list(rows, ("sequence", "problem"), ListOptions(), title="Problems")
    if problems:
        say(f"The trail of workspace {workspace!r} was tampered with.", style="red")
        raise typer.Exit(ExitCode.FAILED)
    if not as_json:
        show_text(f"{head}\n")
    say(f"The trail of workspace {workspace!r} is whole.", style="green")
