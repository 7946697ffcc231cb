"""`skyclust inventory changes`: what was added, changed and gone."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.inputs import parse_time
from skyclust.cli.inventory_filters import Cursor, Kinds
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, Workspace
from skyclust.cli.output import say, show_list
from skyclust.cli.short_ids import whole_run_id

CHANGE_COLUMNS: Final = list_columns(
    "at",
    "change",
    "kind",
    "name",
    "id",
    "region",
    "credential",
    "changed",
    wide=("state", "provider", "run_id", "before", "after"),
)


@with_list_options(limit=1000)
def changes(
    *,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From then on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    run: Annotated[
        str | None, typer.Option(help="Flow run that found them: its id, or the beginning of it.")
    ] = None,
    kind: Kinds = None,
    cursor: Cursor = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List what was added, changed and gone, newest first."""
    from skyclust.inventory.queries import search_changes
    from skyclust.inventory.rows import change_row
    from skyclust.store.engine import open_store

    options.refuse_cursor(cursor)
    page = search_changes(
        open_store(),
        workspace,
        since=parse_time(since, "--since") if since else None,
        until=parse_time(until, "--until") if until else None,
        run_id=whole_run_id(workspace, run) if run else None,
        kinds=kind or (),
        limit=options.query_limit,
        cursor=cursor,
    )
    rows = [change_row(change) for change in page.changes]
    show_list(
        rows,
        CHANGE_COLUMNS,
        options,
        title="Changes",
        total=page.total,
        next_cursor=page.next_cursor,
    )
    if page.kept_from is not None and since is None:
        say(f"Changes before {page.kept_from.isoformat()} were pruned.")
