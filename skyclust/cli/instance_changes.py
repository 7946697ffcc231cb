"""`skyclust instance`, second half: what is done to an instance that exists."""

from __future__ import annotations

from typing import Annotated

import typer

from skyclust.cli.change import change_instance
from skyclust.cli.inputs import confirm, parse_tags
from skyclust.cli.instance_lookup import (
    Credential,
    InstanceName,
    NamedInstance,
    Region,
    Wait,
    with_whole_id,
)
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace, Yes
from skyclust.model.instance_action import InstanceAction


def start(
    name: InstanceName,
    *,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Start an instance and wait until it runs."""
    named = NamedInstance(workspace, name, credential, region)
    change_instance(
        InstanceAction.START, named, wait=wait, local=local, no_wait=no_wait, as_json=as_json
    )


def stop(
    name: InstanceName,
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
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Stop an instance and wait until it is stopped."""
    named = NamedInstance(workspace, name, credential, region)
    change_instance(
        InstanceAction.STOP,
        named,
        wait=wait,
        local=local,
        no_wait=no_wait,
        as_json=as_json,
        power_off_only=power_off_only,
    )


def reboot(
    name: InstanceName,
    *,
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Reboot a running instance."""
    named = NamedInstance(workspace, name, credential, region)
    change_instance(
        InstanceAction.REBOOT, named, wait=wait, local=local, no_wait=no_wait, as_json=as_json
    )


def resize(
    name: InstanceName,
    *,
    type: Annotated[str, typer.Option("--type", help="The new instance type.")],  # noqa: A002
    credential: Credential = None,
    region: Region = None,
    wait: Wait = 15,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Give an instance another type; it is stopped and started for that where it must be."""
    named = NamedInstance(workspace, name, credential, region)
    change_instance(
        InstanceAction.RESIZE,
        named,
        wait=wait,
        local=local,
        no_wait=no_wait,
        as_json=as_json,
        type=type,
    )


def delete(
    name: InstanceName,
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
    """Delete an instance and wait until the cloud says that it is gone."""
    named = with_whole_id(NamedInstance(workspace, name, credential, region))
    confirm(f"Delete instance {named.name!r} of workspace {workspace!r}?", yes=yes)
    change_instance(
        InstanceAction.DELETE, named, wait=wait, local=local, no_wait=no_wait, as_json=as_json
    )


def tag(
    name: InstanceName,
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
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Set and remove tags of an instance; all others stay as they are."""
    named = NamedInstance(workspace, name, credential, region)
    change_instance(
        InstanceAction.SET_TAGS,
        named,
        wait=wait,
        local=local,
        no_wait=no_wait,
        as_json=as_json,
        tags=parse_tags(tags, "tag"),
        removed_tags=tuple(remove or ()),
    )
