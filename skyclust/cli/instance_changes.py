"""`skyclust instance`, second half: what is done to a machine that exists."""

from __future__ import annotations

from typing import Annotated

import typer

from skyclust.cli.inputs import confirm
from skyclust.cli.machines import (
    OPERATIONS,
    Credential,
    Machine,
    Place,
    Region,
    Wait,
    find_machine,
)
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, Workspace
from skyclust.cli.requests import checked
from skyclust.cli.running import finish, run_flow
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
    _change(InstanceAction.START, name, place, wait=wait, local=local, as_json=as_json)


def stop(
    name: Machine,
    *,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Stop a machine and wait until it is stopped."""
    place = Place(workspace, credential, region)
    _change(InstanceAction.STOP, name, place, wait=wait, local=local, as_json=as_json)


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
    _change(InstanceAction.REBOOT, name, place, wait=wait, local=local, as_json=as_json)


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
    _change(
        InstanceAction.RESIZE, name, place, wait=wait, local=local, as_json=as_json, new_type=type
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
    _change(InstanceAction.DELETE, name, place, wait=wait, local=local, as_json=as_json)


def _change(
    action: InstanceAction,
    name: str,
    place: Place,
    *,
    wait: float,
    local: bool,
    as_json: bool,
    new_type: str | None = None,
) -> None:
    from skyclust.model.change_request import ChangeRequest

    if not (place.credential and place.region):
        # What the flow would find out after some seconds; with both it asks the cloud.
        find_machine(name, place)
    request = checked(
        ChangeRequest,
        workspace=place.workspace,
        action=action,
        instance=name,
        credential=place.credential,
        region=place.region,
        type=new_type,
        wait_minutes=wait,
    )
    finish(run_flow("change-instance", request, local=local), as_json=as_json, tables=OPERATIONS)
