"""`skyclust inventory scopes`: which parts of the inventory are fresh, and why others are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.inventory_filters import Credentials, Kinds, Regions
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, Workspace
from skyclust.cli.output import say, show_list
from skyclust.cli.scope_groups import GROUP_COLUMNS, group_scopes
from skyclust.model.scope import ScopeState

if TYPE_CHECKING:
    from skyclust.model.scope import Scope

SCOPE_COLUMNS: Final = list_columns(
    "credential",
    "region",
    "kind",
    "state",
    "resources",
    "completed_at",
    "error",
    priorities={"error": 3},
    wide=("provider", "attempted_at", "error_class", "run_id"),
)


@with_list_options()
def scopes(
    *,
    credential: Credentials = None,
    region: Regions = None,
    kind: Kinds = None,
    state: Annotated[
        list[ScopeState] | None, typer.Option("--state", "-s", help="State; may be repeated.")
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="A line a scope, also where many have one reason.")
    ] = False,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List the scopes: which parts of the inventory are fresh, stale or failed, and why.

    A table has one line for the scopes of a credential that could not be read for one reason,
    first of all; --each, JSON and CSV have every scope.
    """
    from skyclust.inventory.filter_checks import doubts, require_names
    from skyclust.inventory.queries import ResourceFilter, list_scopes, never_read
    from skyclust.store.engine import open_store

    store = open_store()
    require_names(store, workspace, credential_names=credential or ())
    listed = list_scopes(
        store,
        workspace,
        credential_names=credential or (),
        regions=region or (),
        kinds=kind or (),
        states=state or (),
    )
    _show(listed, options, each=each)
    for sentence in doubts(store, workspace, ResourceFilter(regions=region or ())):
        say(sentence, style="yellow")
    say_never_read(
        never_read(store, workspace, credential_names=credential or ()), missing="their scopes are"
    )


def say_never_read(credentials: Sequence[str], *, missing: str) -> None:
    """Say on stderr which credentials were never read, so that they do not look empty."""
    if credentials:
        say(
            f"Nothing was ever read by {', '.join(credentials)}: {missing} missing from the list."
            " `skyclust inventory sync` reads it, and gives the reason if it cannot.",
            style="yellow",
        )


def _show(listed: Sequence[Scope], options: ListOptions, *, each: bool) -> None:
    from skyclust.inventory.rows import scope_row

    groups = group_scopes(listed)
    if each or not options.is_table or not groups.grouped:
        rows = [scope_row(scope) for scope in listed]
        show_list(rows, SCOPE_COLUMNS, options, title="Scopes")
        return
    title = f"{len(listed):,} scopes; those of one credential and reason share a line (--each)"
    show_list(groups.rows, GROUP_COLUMNS, options, title=title)
