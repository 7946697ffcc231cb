"""`skyclust inventory`: what exists in the clouds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from skyclust.cli import completion
from skyclust.cli.flow_runs import run_flow
from skyclust.cli.inputs import parse_tags, parse_time
from skyclust.cli.inventory_prune import prune
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace
from skyclust.cli.output import say, show_list
from skyclust.cli.requests import checked
from skyclust.cli.run_outcome import PROBLEMS, finish
from skyclust.cli.run_tables import SYNC
from skyclust.cli.sync_credentials import require_credentials
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeState

if TYPE_CHECKING:
    from skyclust.model.stored import StoredResource

app = typer.Typer(no_args_is_help=True, help="What exists: sync, list, changes, scopes, prune.")
app.command()(prune)

COLUMNS: Final = ("kind", "name", "id", "credential", "region", "state", "tags", "scope_state")
CHANGE_COLUMNS: Final = ("at", "change", "kind", "name", "id", "credential", "region", "changed")
SCOPE_COLUMNS: Final = (
    "credential",
    "region",
    "kind",
    "state",
    "resources",
    "completed_at",
    "error",
)

Credentials = Annotated[
    list[str] | None,
    typer.Option(
        "--credential",
        "-c",
        help="Credential; may be repeated.",
        autocompletion=completion.credentials,
    ),
]
Providers = Annotated[
    list[str] | None,
    typer.Option(
        "--provider",
        "-p",
        help="Provider; may be repeated.",
        autocompletion=completion.providers,
    ),
]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region", "-r", help="Region; may be repeated.", autocompletion=completion.regions
    ),
]
Kinds = Annotated[
    list[ResourceKind] | None, typer.Option("--kind", "-k", help="Kind; may be repeated.")
]
States = Annotated[
    list[str] | None,
    typer.Option("--state", "-s", help="State; may be repeated.", autocompletion=completion.states),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", "-t", metavar="KEY=VALUE", help="Tag; all that are given must match."),
]
AsOf = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="What was there then: 2026-11-23 or 2026-11-23T14:30Z."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many. Default: all.")]
Cursor = Annotated[
    str | None, typer.Option(help="The rest of a list, as the command before printed it.")
]


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
def list_all(
    *,
    kind: Kinds = None,
    provider: Providers = None,
    credential: Credentials = None,
    region: Regions = None,
    state: States = None,
    tag: Tags = None,
    as_of: AsOf = None,
    limit: Limit = None,
    cursor: Cursor = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """List resources, now or at a past time; a resource must match every filter."""
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
        limit=limit,
        cursor=cursor,
        row=resource_row,
        columns=COLUMNS,
        as_json=as_json,
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
    limit: int | None,
    cursor: str | None,
    row: Callable[[StoredResource], Mapping[str, object]],
    columns: Sequence[str],
    as_json: bool,
    title: str,
) -> None:
    """Print the resources that match every filter, then which scopes are not fresh.

    Raises InvalidRequest for a time, a tag or a cursor that cannot be parsed, NotFound for an
    unknown workspace, credential or provider. A region or a state that nothing has is named.
    """
    from skyclust.inventory.filter_checks import doubts, require_names
    from skyclust.inventory.queries import ResourceFilter, search_resources
    from skyclust.store.engine import open_store

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
    page = search_resources(store, workspace, wanted, limit=limit, cursor=cursor)
    show_list([row(each) for each in page.resources], columns, as_json=as_json, title=title)
    for sentence in doubts(store, workspace, wanted):
        say(sentence, style="yellow")
    say_more(page.next_cursor)
    _say_not_fresh(page.stale, page.failed)
    _say_never_read(page.never_read)


@app.command()
def changes(
    *,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From then on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    run: Annotated[str | None, typer.Option(help="Id of the flow run that found them.")] = None,
    kind: Kinds = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 1000,
    cursor: Cursor = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """List what was added, changed and gone, newest first."""
    from skyclust.inventory.queries import search_changes
    from skyclust.inventory.rows import change_row
    from skyclust.store.engine import open_store

    page = search_changes(
        open_store(),
        workspace,
        since=parse_time(since, "--since") if since else None,
        until=parse_time(until, "--until") if until else None,
        run_id=run,
        kinds=kind or (),
        limit=limit,
        cursor=cursor,
    )
    rows = [change_row(change) for change in page.changes]
    show_list(rows, CHANGE_COLUMNS, as_json=as_json, title="Changes")
    say_more(page.next_cursor)
    if page.kept_from is not None and since is None:
        say(f"Changes before {page.kept_from.isoformat()} were pruned.")


@app.command("scopes")
def scopes_of(
    *,
    credential: Credentials = None,
    region: Regions = None,
    kind: Kinds = None,
    state: Annotated[
        list[ScopeState] | None, typer.Option("--state", "-s", help="State; may be repeated.")
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """List the scopes: which parts of the inventory are fresh, stale or failed, and why."""
    from skyclust.inventory.filter_checks import doubts, require_names
    from skyclust.inventory.queries import ResourceFilter, list_scopes
    from skyclust.inventory.rows import scope_row
    from skyclust.store.engine import open_store

    store = open_store()
    require_names(store, workspace, credential_names=credential or ())
    scopes = list_scopes(
        store,
        workspace,
        credential_names=credential or (),
        regions=region or (),
        kinds=kind or (),
        states=state or (),
    )
    rows = [scope_row(scope) for scope in scopes]
    show_list(rows, SCOPE_COLUMNS, as_json=as_json, title="Scopes")
    for sentence in doubts(store, workspace, ResourceFilter(regions=region or ())):
        say(sentence, style="yellow")


def say_more(next_cursor: str | None) -> None:
    """Say on stderr that the list goes on, and how to get the rest."""
    if next_cursor:
        say(f"There are more: add --cursor {next_cursor}", style="yellow")


def _say_not_fresh(stale: int, failed: int) -> None:
    """Say on stderr how much of the list may be out of date or missing."""
    if stale or failed:
        say(
            f"{stale} scopes are stale and {failed} were never read: what is listed may be out of"
            " date or incomplete. See `skyclust inventory scopes`.",
            style="yellow",
        )


def _say_never_read(credentials: Sequence[str]) -> None:
    """Say on stderr which credentials were never read, so that they do not look empty."""
    if credentials:
        say(
            f"Nothing was ever read by {', '.join(credentials)}: what they see is missing from"
            " the list. `skyclust inventory sync` reads it, and gives the reason if it cannot.",
            style="yellow",
        )
