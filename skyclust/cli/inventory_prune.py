"""`skyclust inventory prune`: removing what the inventory was long ago."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from skyclust.cli.inputs import confirm
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace, Yes
from skyclust.cli.output import say, show_record


def prune(
    *,
    older_than_days: Annotated[
        int,
        typer.Option(
            "--older-than-days",
            min=1,
            max=36_500,
            help="Remove versions that ended longer ago than so many days.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what would be removed, and remove nothing.")
    ] = False,
    yes: Yes = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Remove old versions of resources; what exists now is never removed.

    Questions about the time before are refused from then on (`--as-of`, `changes --since`). It is
    safe to repeat, and to interrupt: the next call removes the rest. SKYCLUST_KEEP_VERSIONS_DAYS
    does the same after each sync of everything, once a day.
    """
    from skyclust.store.engine import open_store
    from skyclust.store.pruning import count_prunable, prune_versions

    store = open_store()
    period = timedelta(days=older_than_days)
    if dry_run:
        pruned = count_prunable(store, workspace, period)
    else:
        confirm(
            f"Remove what the inventory of workspace {workspace!r} was more than"
            f" {older_than_days} days ago?",
            yes=yes,
        )
        from skyclust.orchestration.actor import current_actor

        pruned = prune_versions(store, workspace, period, actor=current_actor())
    show_record({**asdict(pruned), "dry_run": dry_run}, as_json=as_json)
    if dry_run:
        say("Nothing was removed.")
