"""`skyclust snapshot`: all disks of an instance as they were at one moment."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from skyclust.cli.change import change_instance
from skyclust.cli.columns import list_columns
from skyclust.cli.inputs import confirm
from skyclust.cli.instance_lookup import (
    Credential,
    InstanceName,
    NamedInstance,
    Region,
    Wait,
    locate_instance,
    with_whole_id,
)
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace, Yes
from skyclust.cli.output import show_list
from skyclust.cli.provider_access import provider_of
from skyclust.model.instance_action import InstanceAction

app = typer.Typer(no_args_is_help=True)

COLUMNS: Final = list_columns("name", "id", "state", "created_at", "native_state")

Snapshot = Annotated[
    str,
    typer.Argument(help="Id of the snapshot or a short form of it, or the name of only one."),
]


@app.command()
def create(
    instance: InstanceName,
    snapshot: Annotated[str, typer.Argument(help="Name of the new snapshot.")],
    *,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 60,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Take a snapshot of all disks of an instance and wait until it can be restored."""
    named = NamedInstance(workspace, instance, credential, region)
    change_instance(
        InstanceAction.SNAPSHOT,
        named,
        wait=wait,
        local=local,
        no_wait=no_wait,
        as_json=as_json,
        snapshot=snapshot,
    )


@app.command("list")
@with_list_options()
def list_all(
    instance: InstanceName,
    credential: Credential = None,
    region: Region = None,
    *,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List the snapshots of an instance as its cloud has them, the oldest first."""
    from skyclust.contract import SnapshotProvider

    located = locate_instance(NamedInstance(workspace, instance, credential, region))
    with provider_of(workspace, located.credential, SnapshotProvider) as snapshots:
        rows = [each.model_dump() for each in snapshots.list_snapshots(located.region, located.id)]
    show_list(rows, COLUMNS, options, title=f"Snapshots of {instance}")


@app.command()
def restore(
    instance: InstanceName,
    snapshot: Snapshot,
    *,
    yes: Yes = False,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 60,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Put all disks of an instance back to a snapshot; what was written since is lost.

    A running instance is stopped for it where it must be, and started again.
    """
    named = with_whole_id(NamedInstance(workspace, instance, credential, region))
    confirm(f"Put instance {named.name!r} back to snapshot {snapshot!r}?", yes=yes)
    change_instance(
        InstanceAction.RESTORE,
        named,
        wait=wait,
        local=local,
        no_wait=no_wait,
        as_json=as_json,
        snapshot=snapshot,
    )


@app.command()
def delete(
    instance: InstanceName,
    snapshot: Snapshot,
    *,
    yes: Yes = False,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Delete a snapshot of an instance and wait until the cloud says that it is gone."""
    named = with_whole_id(NamedInstance(workspace, instance, credential, region))
    confirm(f"Delete snapshot {snapshot!r} of instance {named.name!r}?", yes=yes)
    change_instance(
        InstanceAction.DELETE_SNAPSHOT,
        named,
        wait=wait,
        local=local,
        no_wait=no_wait,
        as_json=as_json,
        snapshot=snapshot,
    )
