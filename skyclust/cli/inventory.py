"""`skyclust inventory`: what exists in the clouds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from skyclust.cli.columns import Column, list_columns
from skyclust.cli.flow_runs import run_flow
from skyclust.cli.inputs import parse_tags, parse_time
from skyclust.cli.inventory_changes import changes
from skyclust.cli.inventory_filters import (
    AsOf,
    Credentials,
    Cursor,
    Kinds,
    Providers,
    Regions,
    States,
    Tags,
)
from skyclust.cli.inventory_prune import prune
from skyclust.cli.inventory_scopes import say_never_read, scopes
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace
from skyclust.cli.output import say, show_list
from skyclust.cli.requested_names import require_credentials
from skyclust.cli.requests import checked
from skyclust.cli.run_outcome import PROBLEMS, finish
from skyclust.cli.run_tables import SYNC
from skyclust.model.resource import ResourceKind

if TYPE_CHECKING:
    from skyclust.inventory.queries import ResourcePage
    from skyclust.model.stored import StoredResource

app = typer.Typer(no_args_is_help=True)

COLUMNS: Final = list_columns(
    "name",
    "id",
    "kind",
    "state",
    "region",
    "credential",
    "scope_state",
    "tags",
    wide=(
        "provider",
        "zone",
        "native_state",
        "created_at",
        "first_seen_at",
        "observed_at",
        "attributes",
    ),
)


@app.command()
def sync(
    *,
    credential: Credentials = None,
    region: Regions = None,
    kind: Kinds = None,
    allow_mass_delete: Annotated[
        bool, typer.Option("--allow-mass-delete", help="Store it even if most of a scope is gone.")
    ] = False,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Read what exists and store it; exit code 3 when some of it could not be read."""
    from skyclust.model.request import SyncRequest

    request = checked(
        SyncRequest,
        workspace=workspace,
        credentials=tuple(credential or ()),
        regions=tuple(region or ()),
        kinds=tuple(kind or ()),
        allow_mass_delete=allow_mass_delete,
    )
    require_credentials(workspace, request.credentials)
    outcome = run_flow("sync-inventory", request, local=local, no_wait=no_wait, as_json=as_json)
    finish(outcome, as_json=as_json, tables=SYNC, problems=PROBLEMS)


@app.command("list")
@with_list_options()
def list_all(
    *,
    kind: Kinds = None,
    provider: Providers = None,
    credential: Credentials = None,
    region: Regions = None,
    state: States = None,
    tag: Tags = None,
    as_of: AsOf = None,
    cursor: Cursor = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List resources, now or at a past time; a resource must match every filter.

    A table shows a resource that several credentials of one account see once, with their names;
    JSON and CSV have a row for each.
    """
    from skyclust.inventory.rows import resource_row

    show_resources(
        workspace,
        kinds=kind,
        providers=provider,
        credentials=credential,
        regions=region,
        states=state,
        tags=tag,
        as_of=as_of,
        cursor=cursor,
        row=resource_row,
        columns=COLUMNS,
        options=options,
        title="Resources",
    )


def show_resources(
    workspace: str,
    *,
    kinds: list[ResourceKind] | None,
    providers: list[str] | None,
    credentials: list[str] | None,
    regions: list[str] | None,
    states: list[str] | None,
    tags: list[str] | None,
    as_of: str | None,
    cursor: str | None,
    row: Callable[[StoredResource], Mapping[str, object]],
    columns: Sequence[Column],
    options: ListOptions,
    title: str,
) -> None:
    """Print the resources that match every filter, then which scopes are not fresh.

    Raises InvalidRequest for a time, a tag or a cursor that cannot be parsed, NotFound for an
    unknown workspace, credential or provider. A region or a state that nothing has is named.
    """
    from skyclust.inventory.filter_checks import doubts, require_names
    from skyclust.inventory.queries import ResourceFilter, search_resources
    from skyclust.store.engine import open_store

    options.refuse_cursor(cursor)
    wanted = ResourceFilter(
        kinds=kinds or (),
        providers=providers or (),
        credentials=credentials or (),
        regions=regions or (),
        states=states or (),
        tags=parse_tags(tags),
        as_of=parse_time(as_of, "--as-of") if as_of else None,
    )
    store = open_store()
    # Of a time in the past it may be a credential that was removed since.
    names = () if wanted.as_of else wanted.credentials
    require_names(store, workspace, credential_names=names, providers=wanted.providers)
    page = search_resources(
        store,
        workspace,
        wanted,
        limit=options.query_limit,
        cursor=cursor,
        merge=options.is_table,
    )
    rows = _with_credentials(page, row)
    show_list(rows, columns, options, title=title, total=page.total, next_cursor=page.next_cursor)
    for sentence in doubts(store, workspace, wanted):
        say(sentence, style="yellow")
    _say_not_fresh(page.stale, page.failed)
    say_never_read(page.never_read, missing="the resources are")


def _with_credentials(
    page: ResourcePage, row: Callable[[StoredResource], Mapping[str, object]]
) -> list[Mapping[str, object]]:
    """Return the rows; a resource that several credentials see has all their names."""
    return [
        row(each.resource)
        if len(each.credentials) == 1
        else {**row(each.resource), "credential": each.credentials}
        for each in page.shared
    ]


def _say_not_fresh(stale: int, failed: int) -> None:
    """Say on stderr how much of the list may be out of date or missing."""
    if stale or failed:
        say(
            f"{stale} scopes are stale and {failed} were never read: what is listed may be out of"
            " date or incomplete. See `skyclust inventory scopes`.",
            style="yellow",
        )


app.command()(changes)
app.command()(scopes)
app.command()(prune)
