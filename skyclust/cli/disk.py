"""`skyclust disk`: disks that exist, at machines that exist."""

from __future__ import annotations

from typing import Annotated

import typer

from skyclust.cli.changing import change_machine
from skyclust.cli.machines import Credential, Machine, Place, Region, Wait
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, Workspace
from skyclust.model.change_request import InstanceAction

app = typer.Typer(no_args_is_help=True, help="Disks: attach to a machine, detach from it.")

Disk = Annotated[
    str, typer.Argument(help="Id of the disk, or its name where the inventory knows one such.")
]


@app.command()
def attach(
    machine: Machine,
    disk: Disk,
    *,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Attach a disk to a machine; it outlives the machine."""
    place = Place(workspace, credential, region)
    change_machine(
        InstanceAction.ATTACH_DISK,
        machine,
        place,
        wait=wait,
        local=local,
        as_json=as_json,
        disk=disk,
    )


@app.command()
def detach(
    machine: Machine,
    disk: Disk,
    *,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Detach a disk from a machine; the disk and what is on it stay."""
    place = Place(workspace, credential, region)
    change_machine(
        InstanceAction.DETACH_DISK,
        machine,
        place,
        wait=wait,
        local=local,
        as_json=as_json,
        disk=disk,
    )
