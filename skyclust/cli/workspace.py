"""`skyclust workspace`: the owners of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skyclust.cli import completion
from skyclust.cli.inputs import confirm
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace, AsJson, Yes
from skyclust.cli.output import say, show_list, show_record
from skyclust.cli.server import given_api_url

if TYPE_CHECKING:
    from skyclust.store.engine import Store

app = typer.Typer(no_args_is_help=True)


@app.command()
def add(
    workspace_id: Annotated[
        str, typer.Argument(metavar="ID", help="Lowercase letters, digits and dashes; for ever.")
    ],
    title: Annotated[str, typer.Option(help="The name that people read.")] = "",
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Make a workspace; the id of a removed one brings it back, with its history."""
    from skyclust.orchestration.actor import current_actor
    from skyclust.store.engine import open_store
    from skyclust.store.workspace_changes import add_workspace

    store = open_store()
    made = add_workspace(store, workspace_id, title, actor=current_actor())
    _update_choices(store)
    show_record(made.model_dump(), as_json=as_json)


@app.command("list")
@with_list_options()
def list_all(options: ListOptions, workspace: AnyWorkspace = DEFAULT_WORKSPACE) -> None:
    """List all workspaces."""
    from skyclust.store import workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        found = workspaces.list_all(connection)
    rows = [one.model_dump() for one in found]
    show_list(rows, ("id", "title", "created_at"), options, title="Workspaces")


@app.command()
def remove(
    workspace_id: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The workspace to remove.", autocompletion=completion.workspaces
        ),
    ],
    yes: Yes = False,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
) -> None:
    """Remove an empty workspace; its history and its audit trail are kept.

    It is refused while the workspace has credentials, live resources or open operations, and
    says which. `workspace add` with the same id brings it back.
    """
    confirm(f"Remove workspace {workspace_id!r}?", yes=yes)
    from skyclust.orchestration.actor import current_actor
    from skyclust.store.engine import open_store
    from skyclust.store.workspace_changes import remove_workspace

    store = open_store()
    removed = remove_workspace(store, workspace_id, actor=current_actor())
    _update_choices(store)
    say(
        f"Workspace {removed.id!r} is removed. `skyclust audit list -w {removed.id}` still shows"
        " its audit trail."
    )


def _update_choices(store: Store) -> None:
    """Offer the workspaces in the forms of the Prefect UI, where there is a server."""
    if given_api_url() is not None:
        from skyclust.orchestration.choices import try_to_update_choices

        try_to_update_choices(store)
