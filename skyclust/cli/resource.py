"""`skyclust resource`: what the inventory has beside instances."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from skyclust.cli.flow_runs import run_flow
from skyclust.cli.inputs import confirm
from skyclust.cli.instance_lookup import Credential, Region
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace
from skyclust.cli.output import say
from skyclust.cli.requests import checked
from skyclust.cli.run_outcome import finish
from skyclust.cli.run_tables import OPERATIONS
from skyclust.errors import InvalidRequest
from skyclust.model.resource import ResourceKind

app = typer.Typer(no_args_is_help=True)

DELETABLE: Final = (ResourceKind.DISK, ResourceKind.ADDRESS, ResourceKind.SNAPSHOT)


@app.callback()
def resource() -> None:
    """Disks, addresses and snapshots that nothing uses."""


@app.command()
def delete(
    name: Annotated[
        str,
        typer.Argument(
            metavar="RESOURCE",
            help="Id of a disk, an address or a snapshot, a short form of it, or its name.",
        ),
    ],
    *,
    kind: Annotated[
        ResourceKind | None, typer.Option("--kind", "-k", help="disk, address or snapshot.")
    ] = None,
    credential: Credential = None,
    region: Region = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: Annotated[
        float, typer.Option(min=0.1, max=240, help="Minutes to wait until it is gone.")
    ] = 15,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Delete a disk, an address or a snapshot that nothing uses; this cannot be undone.

    It is read at the cloud before: one that is in use, that was renamed or replaced since the
    last sync, or that has the tag `skyclust:keep` stays.
    """
    from skyclust.inventory.resource_lookup import ResourceQuery, find_resource
    from skyclust.model.delete_request import DeleteRequest
    from skyclust.model.resource_reference import identity_of
    from skyclust.store.engine import open_store

    if kind is not None and kind not in DELETABLE:
        raise InvalidRequest(
            f"--kind: a {kind.value} is not deleted by this command.",
            hint="It deletes disks, addresses and snapshots.",
        )
    kinds = DELETABLE if kind is None else (kind,)
    query = ResourceQuery(workspace, kinds, name, credential, region)
    found = find_resource(open_store(), query)
    request = checked(
        DeleteRequest,
        workspace=workspace,
        kind=found.kind,
        resource=found.id,
        credential=found.credential,
        region=found.region,
        identity=identity_of(found),
        wait_minutes=wait,
    )
    seen = f"{found.observed_at:%Y-%m-%d %H:%M} UTC"
    say(
        f"{found.kind.value.capitalize()} {found.name or found.id}, seen last at {seen}",
        style="dim",
    )
    confirm(f"Run delete-resource: {request.summary}?", yes=yes)
    outcome = run_flow("delete-resource", request, local=local, no_wait=no_wait, as_json=as_json)
    finish(outcome, as_json=as_json, tables=OPERATIONS)
