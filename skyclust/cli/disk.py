"""`skyclust disk`: disks that exist, at instances that exist."""

from __future__ import annotations

from typing import Annotated

import typer

from skyclust.cli.change import change_instance
from skyclust.cli.instance_lookup import Credential, InstanceName, NamedInstance, Region, Wait
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace
from skyclust.model.instance_action import InstanceAction

app = typer.Typer(no_args_is_help=True)

Disk = Annotated[
    str,
    typer.Argument(
        help="Id of the disk or a short form of it, or its name where the inventory knows one such."
    ),
]


@app.command()
def attach(
    instance: InstanceName,
    disk: Disk,
    *,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Attach a disk to an instance; it outlives the instance."""
    named = NamedInstance(workspace, instance, credential, region)
    change_instance(
        InstanceAction.ATTACH_DISK,
        named,
        wait=wait,
        local=local,
        no_wait=no_wait,
        as_json=as_json,
        disk=disk,
    )


@app.command()
def detach(
    instance: InstanceName,
    disk: Disk,
    *,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Detach a disk from an instance; the disk and what is on it stay."""
    named = NamedInstance(workspace, instance, credential, region)
    change_instance(
        InstanceAction.DETACH_DISK,
        named,
        wait=wait,
        local=local,
        no_wait=no_wait,
        as_json=as_json,
        disk=disk,
    )
