"""`skyclust instance`, second half: what is done to a machine that exists."""

from __future__ import annotations

from typing import Annotated

import typer

from skyclust.cli.changing import change_machine
from skyclust.cli.inputs import confirm, parse_tags
from skyclust.cli.machines import Credential, Machine, Place, Region, Wait
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, Workspace
from skyclust.model.change_request import InstanceAction


def start(
    name: Machine,
    *,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Start a machine and wait until it runs."""
    place = Place(workspace, credential, region)
    change_machine(InstanceAction.START, name, place, wait=wait, local=local, as_json=as_json)


def stop(
    name: Machine,
    *,
    power_off_only: Annotated[
        bool,
        typer.Option(
            "--power-off-only", help="Keep its place in the cloud; where that costs, it is billed."
        ),
    ] = False,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Stop a machine and wait until it is stopped."""
    place = Place(workspace, credential, region)
    change_machine(
        InstanceAction.STOP,
        name,
        place,
        wait=wait,
        local=local,
        as_json=as_json,
        power_off_only=power_off_only,
    )


def reboot(
    name: Machine,
    *,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Reboot a running machine."""
    place = Place(workspace, credential, region)
    change_machine(InstanceAction.REBOOT, name, place, wait=wait, local=local, as_json=as_json)


def resize(
    name: Machine,
    *,
    type: Annotated[str, typer.Option("--type", help="The new instance type.")],  # noqa: A002
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Give a machine another type; it is stopped and started for that where it must be."""
    place = Place(workspace, credential, region)
    change_machine(
        InstanceAction.RESIZE, name, place, wait=wait, local=local, as_json=as_json, type=type
    )


def delete(
    name: Machine,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Delete a machine and wait until the cloud says that it is gone."""
    confirm(f"Delete machine {name!r} of workspace {workspace!r}?", yes=yes)
    place = Place(workspace, credential, region)
    change_machine(InstanceAction.DELETE, name, place, wait=wait, local=local, as_json=as_json)


def tag(
    name: Machine,
    tags: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Tags to set.")
    ] = None,
    *,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="KEY", help="Tag to remove; may be repeated."),
    ] = None,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Set and remove tags of a machine; all others stay as they are."""
    place = Place(workspace, credential, region)
    change_machine(
        InstanceAction.SET_TAGS,
        name,
        place,
        wait=wait,
        local=local,
        as_json=as_json,
        tags=parse_tags(tags, "tag"),
        removed_tags=tuple(remove or ()),
    )
