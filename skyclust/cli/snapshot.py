"""`skyclust snapshot`: all disks of a machine as they were at one moment."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from skyclust.cli.changing import change_machine
from skyclust.cli.inputs import confirm
from skyclust.cli.machines import Credential, Machine, Place, Region, Wait, locate
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, Workspace
from skyclust.cli.output import show_list
from skyclust.cli.providing import provider_of
from skyclust.model.change_request import InstanceAction

app = typer.Typer(
    no_args_is_help=True, help="Snapshots of machines: create, list, restore, delete."
)

COLUMNS: Final = ("name", "id", "state", "native_state", "created_at")

Snapshot = Annotated[
    str, typer.Argument(help="Id of the snapshot, or its name where only one has it.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command()
def create(
    machine: Machine,
    snapshot: Annotated[str, typer.Argument(help="Name of the new snapshot.")],
    *,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 60,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Take a snapshot of all disks of a machine and wait until it can be restored."""
    place = Place(workspace, credential, region)
    change_machine(
        InstanceAction.SNAPSHOT,
        machine,
        place,
        wait=wait,
        local=local,
        as_json=as_json,
        snapshot=snapshot,
    )


@app.command("list")
def list_all(
    machine: Machine,
    credential: Credential = None,
    region: Region = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """List the snapshots of a machine as its cloud has them, the oldest first."""
    from skyclust.contract import SnapshotProvider

    found = locate(machine, Place(workspace, credential, region))
    with provider_of(workspace, found.credential, SnapshotProvider) as snapshots:
        rows = [one.model_dump() for one in snapshots.list_snapshots(found.region, found.id)]
    show_list(rows, COLUMNS, as_json=as_json, title=f"Snapshots of {machine}")


@app.command()
def restore(
    machine: Machine,
    snapshot: Snapshot,
    *,
    yes: Yes = False,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 60,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Put all disks of a machine back to a snapshot; what was written since is lost.

    A running machine is stopped for it where it must be, and started again.
    """
    confirm(f"Put machine {machine!r} back to snapshot {snapshot!r}?", yes=yes)
    place = Place(workspace, credential, region)
    change_machine(
        InstanceAction.RESTORE,
        machine,
        place,
        wait=wait,
        local=local,
        as_json=as_json,
        snapshot=snapshot,
    )


@app.command()
def delete(
    machine: Machine,
    snapshot: Snapshot,
    *,
    yes: Yes = False,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Delete a snapshot of a machine and wait until the cloud says that it is gone."""
    confirm(f"Delete snapshot {snapshot!r} of machine {machine!r}?", yes=yes)
    place = Place(workspace, credential, region)
    change_machine(
        InstanceAction.DELETE_SNAPSHOT,
        machine,
        place,
        wait=wait,
        local=local,
        as_json=as_json,
        snapshot=snapshot,
    )
