"""`skyclust instance`: virtual machines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from skyclust.cli import completion
from skyclust.cli.columns import list_columns
from skyclust.cli.creation_checks import check_before_run
from skyclust.cli.flow_runs import run_flow
from skyclust.cli.inputs import parse_place, parse_tags
from skyclust.cli.instance_changes import delete, reboot, resize, start, stop, tag
from skyclust.cli.instance_lookup import (
    Credential,
    InstanceName,
    NamedInstance,
    Region,
    Wait,
    find_instance,
    locate_instance,
)
from skyclust.cli.inventory import show_resources
from skyclust.cli.inventory_filters import (
    AsOf,
    Credentials,
    Cursor,
    Providers,
    Regions,
    States,
    Tags,
)
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace
from skyclust.cli.output import say, show_record, show_text
from skyclust.cli.provider_access import default_region, provider_of
from skyclust.cli.requests import checked
from skyclust.cli.run_outcome import finish
from skyclust.cli.run_tables import OPERATIONS, PLACEMENT
from skyclust.cli.short_ids import whole_image_id, whole_network_id
from skyclust.cli.user_data import seal_user_data, sealed_user_data
from skyclust.errors import InvalidRequest
from skyclust.model.resource import ResourceKind
from skyclust.redaction import redact

app = typer.Typer(
    no_args_is_help=True,
    help="Instances: create, list, show, start, stop, reboot, resize, tag, console, delete,"
    " seal-user-data.",
)

COLUMNS: Final = list_columns(
    "name",
    "id",
    "state",
    "region",
    "credential",
    "type",
    "private_addresses",
    "public_addresses",
    "scope_state",
    wide=(
        "provider",
        "zone",
        "native_state",
        "cores",
        "memory_mib",
        "image",
        "network",
        "subnet",
        "tags",
        "created_at",
        "first_seen_at",
        "observed_at",
        "unique_id",
    ),
)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name; with --count they are NAME-1, NAME-2 ...")],
    *,
    credential: Annotated[
        str | None,
        typer.Option(
            "--credential",
            "-c",
            help="Whose account, of an exact instance.",
            autocompletion=completion.credentials,
        ),
    ] = None,
    type: Annotated[  # noqa: A002
        str | None, typer.Option("--type", help="Instance type, for example t3.small.")
    ] = None,
    image: Annotated[str | None, typer.Option("--image", help="Image, by id or name.")] = None,
    cores: Annotated[
        int | None, typer.Option(min=1, help="In place of --type: virtual processors, at least.")
    ] = None,
    memory: Annotated[
        float | None, typer.Option(metavar="GIB", help="With --cores: memory in GiB, at least.")
    ] = None,
    image_family: Annotated[
        str | None, typer.Option(help="With --cores: for example ubuntu-24.04; the newest of it.")
    ] = None,
    place: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CREDENTIAL[/REGION[/NETWORK]]",
            help="With --cores: where it may be made, and in which network or subnet, by id or"
            " name; may be repeated, the most wanted first.",
            autocompletion=completion.places,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --cores: show the ranking, make nothing.")
    ] = False,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            "-r",
            help="Default: the credential's own region.",
            autocompletion=completion.regions,
        ),
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
    allow_duplicate: Annotated[
        bool,
        typer.Option(
            "--allow-duplicate", help="Make it though the workspace has an instance of the name."
        ),
    ] = False,
    user_data: Annotated[
        Path | None,
        typer.Option(help="File with cloud-init data; it is sealed before it leaves this process."),
    ] = None,
    wait: Wait = 15,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Make one instance or several alike, each exactly once, and wait until they run.

    Say exactly what to make (--credential, --type, --image), or what it needs (--cores,
    --memory, --image-family) and where it may be (--place): then the smallest type that fits
    is taken, and where a place has no room the next one is tried.
    """
    from skyclust.model.creation_forms import CreationForm, InstanceForm, NeedsForm

    options = {
        "workspace": workspace,
        "count": count,
        "wait_minutes": wait,
        "name": name,
        "ssh_keys": tuple(key or ()),
        "user_data": sealed_user_data(user_data, workspace),
        "allow_duplicate": allow_duplicate,
        "tags": parse_tags(tag),
        "disks": tuple(_disk(one) for one in disk or ()),
    }
    exact = {"--type": type, "--image": image, "--region": region, "--zone": zone}
    needs = {"--memory": memory, "--image-family": image_family, "--place": place}
    form: CreationForm
    if cores is None:
        _refuse(needs | {"--dry-run": dry_run}, "goes with --cores only")
        _demand({"--credential": credential, "--type": type, "--image": image})
        where = region or default_region(workspace, credential or "")
        image = whole_image_id(workspace, image, credential, where)
        network = whole_network_id(workspace, network, credential, where)
        spec = {"region": where, "zone": zone, "type": type, "image": image, "network": network}
        form = checked(InstanceForm, credential=credential, **options | spec)
    else:
        _refuse(exact | {"--credential": credential, "--network": network}, "excludes --cores")
        _demand({"--memory": memory, "--image-family": image_family})
        places = [parse_place(one) for one in place or ()]
        for each in places:
            each["network"] = whole_network_id(
                workspace, each["network"], each["credential"], each["region"]
            )
        wanted = {"cores": cores, "memory_gib": memory, "image_family": image_family}
        form = checked(NeedsForm, dry_run=dry_run, places=places, **options | wanted)
    check_before_run(form.request)
    flow = "provision-instances" if cores is None else "place-instances"
    outcome = run_flow(flow, form, local=local, no_wait=no_wait, as_json=as_json)
    finish(outcome, as_json=as_json, tables=OPERATIONS | PLACEMENT)


def _refuse(options: Mapping[str, object], why: str) -> None:
    """Raise InvalidRequest for an option that does not go with the others."""
    given = [name for name, value in options.items() if value]
    if given:
        raise InvalidRequest(f"{given[0]} {why}.")


def _demand(options: Mapping[str, object]) -> None:
    """Raise InvalidRequest for options that are missing."""
    missing = [name for name, value in options.items() if value is None]
    if missing:
        raise InvalidRequest(
            f"Missing: {', '.join(missing)}.",
            hint="Give --credential, --type and --image, or --cores, --memory and --image-family.",
        )


@app.command("list")
@with_list_options()
def list_all(
    *,
    provider: Providers = None,
    credential: Credentials = None,
    region: Regions = None,
    state: States = None,
    tag: Tags = None,
    as_of: AsOf = None,
    cursor: Cursor = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List instances as the inventory has them, now or at a past time.

    A table shows an instance that several credentials of one account see once, with their
    names; JSON and CSV have a row for each.
    """
    from skyclust.inventory.rows import instance_row

    show_resources(
        workspace,
        kinds=[ResourceKind.INSTANCE],
        providers=provider,
        credentials=credential,
        regions=region,
        states=state,
        tags=tag,
        as_of=as_of,
        cursor=cursor,
        row=instance_row,
        columns=COLUMNS,
        options=options,
        title="Instances",
    )


@app.command()
def show(
    name: InstanceName,
    credential: Credential = None,
    region: Region = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Show one instance with everything that the inventory knows of it."""
    from skyclust.inventory.rows import instance_row

    instance = find_instance(NamedInstance(workspace, name, credential, region))
    title = f"Instance {instance.name or instance.id}"
    show_record(instance_row(instance), as_json=as_json, title=title)


@app.command()
def console(
    name: InstanceName,
    credential: Credential = None,
    region: Region = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Show the newest part of what an instance wrote to its console, as its cloud keeps it."""
    from skyclust.contract import ConsoleProvider

    located = locate_instance(NamedInstance(workspace, name, credential, region))
    with provider_of(workspace, located.credential, ConsoleProvider) as console:
        text = redact(console.console_log(located.region, located.id))
    if as_json:
        show_record({"id": located.id, "console": text}, as_json=True)
    elif text:
        show_text(text)
    else:
        say("The instance has written nothing yet.")


def _disk(text: str) -> dict[str, Any]:
    size, _, kind = text.partition(":")
    if not size.isdigit():
        raise InvalidRequest(f"--disk: {text!r} is not GIB or GIB:TYPE, for example 100:gp3.")
    return {"size_gib": int(size), "type": kind or None}


app.command()(seal_user_data)

for change in (start, stop, reboot, resize, delete, tag):
    app.command()(change)
