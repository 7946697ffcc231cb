"""`skyclust instance`: virtual machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli.inputs import confirm, parse_tags, parse_time, read_text
from skyclust.cli.inventory import (
    AsOf,
    Credentials,
    Providers,
    Regions,
    States,
    Tags,
    tell_what_is_not_fresh,
)
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, Workspace
from skyclust.cli.output import show_list, show_record
from skyclust.cli.requests import checked
from skyclust.cli.running import Shown, finish, run_flow
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.request import InstanceAction
from skyclust.model.resource import ResourceKind

if TYPE_CHECKING:
    from skyclust.model.stored import StoredResource

app = typer.Typer(
    no_args_is_help=True,
    help="Machines: create, list, show, start, stop, reboot, resize, delete.",
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
OPERATIONS: Final = {
    "operations": Shown(
        "Operations",
        ("machine", "id", "action", "credential", "region", "state", "error", "operation"),
    )
}

Machine = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the machine.")]
Credential = Annotated[
    str | None, typer.Option("--credential", "-c", help="Only with this credential.")
]
Region = Annotated[str | None, typer.Option("--region", "-r", help="Only in this region.")]
Wait = Annotated[float, typer.Option(min=0.1, max=240, help="Minutes to wait for the machine.")]


@dataclass(frozen=True)
class Place:
    """Where to look for a machine; None looks everywhere."""

    workspace: str
    credential: str | None
    region: str | None


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
        "region": region or _default_region(workspace, credential),
        "zone": zone,
        "type": type,
        "image": image,
        "network": network,
        "keys": tuple(key or ()),
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
    from skyclust.store import resources, scopes, workspaces
    from skyclust.store.engine import open_store

    moment = parse_time(as_of, "--as-of") if as_of else None
    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        found = resources.find(
            connection,
            workspace,
            kinds=[ResourceKind.INSTANCE],
            providers=provider,
            credentials=credential,
            regions=region,
            states=state,
            tags=parse_tags(tag),
            as_of=moment,
        )
        known = scopes.list_all(
            connection,
            workspace,
            credentials=credential,
            regions=region,
            kinds=[ResourceKind.INSTANCE],
        )
    show_list([_row(one) for one in found], COLUMNS, as_json=as_json, title="Machines")
    if moment is None:
        tell_what_is_not_fresh(scope.state for scope in known)


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
    show_record(_row(machine), as_json=as_json, title=f"Machine {machine.name or machine.id}")


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


def find_machine(name: str, place: Place) -> StoredResource:
    """Return the one machine of this id or name that the inventory knows in this place.

    Raises NotFound when there is none, InvalidRequest when several bear the name.
    """
    from skyclust.store import resources, workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, place.workspace)
        by_id, by_name = (
            resources.find(
                connection,
                place.workspace,
                kinds=[ResourceKind.INSTANCE],
                credentials=[place.credential] if place.credential else None,
                regions=[place.region] if place.region else None,
                ids=ids,
                names=names,
            )
            for ids, names in (([name], None), (None, [name]))
        )
    found = by_id or by_name
    if not found:
        raise NotFound(
            f"The inventory of workspace {place.workspace!r} knows no machine {name!r}.",
            hint="Read the clouds anew with `skyclust inventory sync`, or name its --credential"
            " and --region to have the cloud itself asked.",
        )
    if len(found) > 1:
        places = "; ".join(f"{one.id} ({one.credential}, {one.region})" for one in found[:5])
        raise InvalidRequest(
            f"{len(found)} machines are called {name!r}: {places}.",
            hint="Say which one by its id, or with --credential and --region.",
        )
    return found[0]


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
    from skyclust.model.request import ChangeRequest

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


def _row(machine: StoredResource) -> dict[str, Any]:
    """Return a machine's fields, and its attributes beside them."""
    record = machine.model_dump(exclude={"workspace_id", "attributes", "kind"})
    return record | {key: one for key, one in machine.attributes.items() if key not in record}


def _disk(text: str) -> dict[str, Any]:
    size, _, kind = text.partition(":")
    if not size.isdigit():
        raise InvalidRequest(f"--disk: {text!r} is not GIB or GIB:TYPE, for example 100:gp3.")
    return {"size_gib": int(size), "type": kind or None}


def _default_region(workspace: str, credential: str) -> str:
    """Return the region of a credential's own; raises InvalidRequest when it names none."""
    from skyclust.cli.server import require_server
    from skyclust.store import credentials
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        record = credentials.get(connection, workspace, credential)
    require_server()
    from skyclust.orchestration import documents

    document = documents.read(record.provider, record.block_name)
    region = document.values.get("region") if document else None
    if not isinstance(region, str):
        raise InvalidRequest(
            f"Credential {credential!r} has no default region.", hint="Say where with --region."
        )
    return region
