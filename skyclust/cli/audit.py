"""`skyclust audit`: who did what, in a trail that shows when it was changed."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from skyclust.cli.exits import ExitCode
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace
from skyclust.cli.output import say, show_list

app = typer.Typer(no_args_is_help=True, help="Who did what: list, verify.")

COLUMNS: Final = ("sequence", "at", "actor", "action", "object", "detail")


@app.command("list")
def list_all(
    limit: Annotated[int | None, typer.Option(min=1, help="The newest so many.")] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """List the trail, oldest line first."""
    from skyclust import audit
    from skyclust.store import workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        found = audit.list_all(connection, workspace, limit=limit)
    rows = [entry.model_dump() for entry in found]
    show_list(rows, COLUMNS, as_json=as_json, title="Audit trail")


@app.command()
def verify(workspace: Workspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """Check that no line was changed, added or removed; list what is wrong, exit code 1."""
    from skyclust import audit
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        problems = audit.verify(connection, workspace)
    rows = [problem.model_dump() for problem in problems]
    if rows or as_json:
        show_list(rows, ("sequence", "problem"), as_json=as_json, title="Problems")
    if problems:
        say(f"The trail of workspace {workspace!r} was tampered with.", style="red")
        raise typer.Exit(ExitCode.FAILED)
    say(f"The trail of workspace {workspace!r} is whole.", style="green")
