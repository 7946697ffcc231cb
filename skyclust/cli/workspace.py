"""`skyclust workspace`: the owners of everything."""

from __future__ import annotations

from typing import Annotated

import typer

from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace, AsJson
from skyclust.cli.output import show_list, show_record
from skyclust.cli.server import given_api_url

app = typer.Typer(no_args_is_help=True, help="Workspaces: add, list.")


@app.command()
def add(
    workspace_id: Annotated[
        str, typer.Argument(metavar="ID", help="Lowercase letters, digits and dashes; for ever.")
    ],
    title: Annotated[str, typer.Option(help="The name that people read.")] = "",
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Make a workspace."""
    from skyclust.store import workspaces
    from skyclust.store.engine import open_store

    store = open_store()
    made = store.write(lambda connection: workspaces.add(connection, workspace_id, title))
    if given_api_url() is not None:
        from skyclust.orchestration.choices import try_to_update_choices

        try_to_update_choices(store)
    show_record(made.model_dump(), as_json=as_json)


@app.command("list")
def list_all(workspace: AnyWorkspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """List all workspaces."""
    from skyclust.store import workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        found = workspaces.list_all(connection)
    rows = [one.model_dump() for one in found]
    show_list(rows, ("id", "title", "created_at"), as_json=as_json, title="Workspaces")
