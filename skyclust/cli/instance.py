"""`skyclust instance`: virtual machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from skyclust.cli.inputs import parse_tags, read_text
from skyclust.cli.instance_changes import delete, reboot, resize, start, stop, tag
from skyclust.cli.inventory import (
    AsOf,
    Credentials,
    Providers,
    Regions,
    States,
    Tags,
    show_found,
)
from skyclust.cli.machines import (
    OPERATIONS,
    Credential,
    Machine,
    Place,
    Region,
    Wait,
    default_region,
    find_machine,
    locate,
    machine_row,
)
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, Workspace
from skyclust.cli.output import say, show_record, show_text
from skyclust.cli.providing import provider_of
from skyclust.cli.requests import checked
from skyclust.cli.running import finish, run_flow
from skyclust.errors import InvalidRequest
from skyclust.model.resource import ResourceKind

app = typer.Typer(
    no_args_is_help=True,
    help="Machines: create, list, show, start, stop, reboot, resize, tag, console, delete.",
)

COLUMNS: Final = (
    "name",
    "id",
    "credential",
    "region",
    "state",
    "type",
    "private_addresses",
    "public_addresses",
    "scope_state",
)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name; with --count they are NAME-1, NAME-2 ...")],
    *,
    credential: Annotated[str, typer.Option("--credential", "-c", help="Whose account.")],
    type: Annotated[str, typer.Option("--type", help="Instance type, for example t3.small.")],  # noqa: A002
    image: Annotated[str, typer.Option("--image", help="Image, by id or name.")],
    region: Annotated[
        str | None, typer.Option("--region", "-r", help="Default: the credential's own region.")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Default: the cloud chooses.")] = None,
    network: Annotated[
        str | None, typer.Option(help="Subnet or network, by id or name. Default: the region's.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 1,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", "-t", metavar="KEY=VALUE", help="May be repeated.")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="SSH key pair at the cloud; may be repeated.")
    ] = None,
    disk: Annotated[
        list[str] | None,
        typer.Option(metavar="GIB[:TYPE]", help="A data disk, 100 or 100:gp3; may be repeated."),
    ] = None,
    user_data: Annotated[
        Path | None, typer.Option(help="File with cloud-init data; it is stored with the run.")
    ] = None,
    wait: Wait = 15,
    local: Local = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Make one machine or several alike, each exactly once, and wait until they run."""
    from skyclust.model.request import ProvisionRequest

    spec = {
        "name": name,
        "region": region or default_region(workspace, credential),
        "zone": zone,
        "type": type,
        "image": image,
        "network": network,
        "ssh_keys": tuple(key or ()),
        "user_data": read_text(user_data, "--user-data"),
        "tags": parse_tags(tag),
        "disks": tuple(_disk(one) for one in disk or ()),
    }
    request = checked(
        ProvisionRequest,
        workspace=workspace,
        credential=credential,
        spec=spec,
        count=count,
        wait_minutes=wait,
    )
    finish(
        run_flow("provision-instances", request, local=local), as_json=as_json, tables=OPERATIONS
    )


@app.command("list")
def list_all(
    *,
    provider: Providers = None,
    credential: Credentials = None,
    region: Regions = None,
    state: States = None,
    tag: Tags = None,
    as_of: AsOf = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """List machines as the inventory knows them, now or as they were."""
    show_found(
        workspace,
        kinds=[ResourceKind.INSTANCE],
        providers=provider,
        credentials=credential,
        regions=region,
        states=state,
        tags=tag,
        as_of=as_of,
        row=machine_row,
        columns=COLUMNS,
        as_json=as_json,
        title="Machines",
    )


@app.command()
def show(
    name: Machine,
    credential: Credential = None,
    region: Region = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Show one machine with everything that the inventory knows of it."""
    machine = find_machine(name, Place(workspace, credential, region))
    show_record(
        machine_row(machine), as_json=as_json, title=f"Machine {machine.name or machine.id}"
    )


@app.command()
def console(
    name: Machine,
    credential: Credential = None,
    region: Region = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Show the newest part of what a machine wrote to its console, as its cloud keeps it."""
    from skyclust.contract import ConsoleProvider

    found = locate(name, Place(workspace, credential, region))
    text = provider_of(workspace, found.credential, ConsoleProvider).console_log(
        found.region, found.id
    )
    if as_json:
        show_record({"id": found.id, "console": text}, as_json=True)
    elif text:
        show_text(text)
    else:
        say("The machine has written nothing yet.")


def _disk(text: str) -> dict[str, Any]:
    size, _, kind = text.partition(":")
    if not size.isdigit():
        raise InvalidRequest(f"--disk: {text!r} is not GIB or GIB:TYPE, for example 100:gp3.")
    return {"size_gib": int(size), "type": kind or None}


for change in (start, stop, reboot, resize, delete, tag):
    app.command()(change)
