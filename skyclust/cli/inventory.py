"""`skyclust inventory`: what exists in the clouds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from skyclust.cli.inputs import parse_tags, parse_time
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, Workspace
from skyclust.cli.output import say, show_list
from skyclust.cli.requests import checked
from skyclust.cli.running import Shown, finish, run_flow
from skyclust.model.resource import ChangeKind, ResourceKind
from skyclust.model.scope import ScopeState

if TYPE_CHECKING:
    from skyclust.model.stored import StoredResource

app = typer.Typer(no_args_is_help=True, help="What exists: sync, list, changes, scopes.")

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
    list[str] | None, typer.Option("--credential", "-c", help="Credential; may be repeated.")
]
Providers = Annotated[
    list[str] | None, typer.Option("--provider", "-p", help="Provider; may be repeated.")
]
Regions = Annotated[
    list[str] | None, typer.Option("--region", "-r", help="Region; may be repeated.")
]
Kinds = Annotated[
    list[ResourceKind] | None, typer.Option("--kind", "-k", help="Kind; may be repeated.")
]
States = Annotated[list[str] | None, typer.Option("--state", "-s", help="State; may be repeated.")]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", "-t", metavar="KEY=VALUE", help="Tag; all that are given must match."),
]
AsOf = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="What was there then: 2026-11-23 or 2026-11-23T14:30Z."),
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
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Read what exists and store it; exit code 3 when some of it could not be read."""
    from skyclust.model.request import SyncRequest
    from skyclust.store import credentials, workspaces
    from skyclust.store.engine import open_store

    request = checked(
        SyncRequest,
        workspace=workspace,
        credentials=tuple(credential or ()),
        regions=tuple(region or ()),
        kinds=tuple(kind or ()),
        allow_mass_delete=allow_mass_delete,
    )
    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        for name in request.credentials:
            credentials.get(connection, workspace, name)
    outcome = run_flow("sync-inventory", request, local=local)
    change_columns = ("change", "kind", "name", "id", "region", "state", "changed")
    scope_columns = ("credential", "region", "kind", "state", "resources", "reason")
    tables = {
        f"inventory-scopes-{workspace}": Shown("Scopes", scope_columns, _needs_a_look),
        f"inventory-changes-{workspace}": Shown("Changes", change_columns),
    }
    finish(outcome, as_json=as_json, tables=tables)


def _needs_a_look(scope: Mapping[str, object]) -> bool:
    return scope.get("state") != ScopeState.FRESH


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
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """List resources, now or as they were; a resource must match every filter."""
    show_found(
        workspace,
        kinds=kind,
        providers=provider,
        credentials=credential,
        regions=region,
        states=state,
        tags=tag,
        as_of=as_of,
        row=_row,
        columns=COLUMNS,
        as_json=as_json,
        title="Resources",
    )


def show_found(
    workspace: str,
    *,
    kinds: list[ResourceKind] | None,
    providers: list[str] | None,
    credentials: list[str] | None,
    regions: list[str] | None,
    states: list[str] | None,
    tags: list[str] | None,
    as_of: str | None,
    row: Callable[[StoredResource], Mapping[str, object]],
    columns: Sequence[str],
    as_json: bool,
    title: str,
) -> None:
    """Print the resources that match every filter, then say what is not fresh or was not read.

    Raises InvalidRequest for a time or a tag that cannot be read, NotFound for an unknown
    workspace.
    """
    from skyclust.store import credentials as records
    from skyclust.store import resources, scopes, workspaces
    from skyclust.store.engine import open_store

    moment = parse_time(as_of, "--as-of") if as_of else None
    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        found = resources.find(
            connection,
            workspace,
            kinds=kinds,
            providers=providers,
            credentials=credentials,
            regions=regions,
            states=states,
            tags=parse_tags(tags),
            as_of=moment,
        )
        known = scopes.list_all(
            connection, workspace, credentials=credentials, regions=regions, kinds=kinds
        )
        unread = records.list_unread(connection, workspace)
    show_list([row(one) for one in found], columns, as_json=as_json, title=title)
    if moment is None:
        tell_what_is_not_fresh(scope.state for scope in known)
        tell_what_was_not_read([one for one in unread if not credentials or one in credentials])


def _row(resource: StoredResource) -> Mapping[str, object]:
    return resource.model_dump(exclude={"workspace_id"})


@app.command()
def changes(
    *,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From then on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    run: Annotated[str | None, typer.Option(help="Id of the flow run that found them.")] = None,
    kind: Kinds = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 1000,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """List what was added, changed and gone, newest first."""
    from skyclust.store import resources, workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        found = resources.changes(
            connection,
            workspace,
            since=parse_time(since, "--since") if since else None,
            until=parse_time(until, "--until") if until else None,
            run_id=run,
            kinds=kind,
            limit=limit,
        )
    rows = [
        {
            "at": change.at,
            "change": change.kind,
            "kind": change.resource.kind,
            "provider": change.resource.provider,
            "name": change.resource.name,
            "id": change.resource.id,
            "credential": change.credential,
            "region": change.resource.region,
            "state": change.resource.state,
            "changed": sorted(change.after) if change.kind is ChangeKind.CHANGED else [],
            "before": change.before,
            "after": change.after,
            "run_id": change.run_id,
        }
        for change in found
    ]
    show_list(rows, CHANGE_COLUMNS, as_json=as_json, title="Changes")


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
    from skyclust.store import scopes, workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        found = scopes.list_all(
            connection, workspace, credentials=credential, regions=region, kinds=kind
        )
    rows = [
        {
            "credential": scope.key.credential,
            "region": scope.key.region,
            "kind": scope.key.kind,
            **scope.model_dump(exclude={"workspace_id", "key"}),
        }
        for scope in found
        if not state or scope.state in state
    ]
    show_list(rows, SCOPE_COLUMNS, as_json=as_json, title="Scopes")


def tell_what_is_not_fresh(states: Iterable[ScopeState]) -> None:
    """Say on stderr how much of what was listed may be out of date or missing."""
    counted = Counter(states)
    stale, failed = counted[ScopeState.STALE], counted[ScopeState.FAILED]
    if stale or failed:
        say(
            f"{stale} scopes are stale and {failed} were never read: what is listed may be out of"
            " date or incomplete. See `skyclust inventory scopes`.",
            style="yellow",
        )


def tell_what_was_not_read(credentials: Sequence[str]) -> None:
    """Say on stderr of which credentials nothing is known, so that they do not look empty."""
    if credentials:
        say(
            f"Nothing was ever read by {', '.join(credentials)}: what they see is missing from"
            " the list. `skyclust inventory sync` reads it, and gives the reason if it cannot.",
            style="yellow",
        )
