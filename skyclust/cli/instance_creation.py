"""`skyclust instance create`: by an exact type, or by what an instance needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from skyclust.cli import completion
from skyclust.cli.creation_checks import check_before_run
from skyclust.cli.flow_runs import run_flow
from skyclust.cli.inputs import parse_place, parse_tags
from skyclust.cli.instance_lookup import (
    Wait,
)
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace
from skyclust.cli.provider_access import default_region
from skyclust.cli.requests import checked
from skyclust.cli.run_outcome import finish
from skyclust.cli.run_tables import OPERATIONS, PLACEMENT
from skyclust.cli.short_ids import whole_image_id, whole_network_id
from skyclust.cli.user_data import sealed_user_data
from skyclust.errors import InvalidRequest


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


def _disk(text: str) -> dict[str, Any]:
    size, _, kind = text.partition(":")
    if not size.isdigit():
        raise InvalidRequest(f"--disk: {text!r} is not GIB or GIB:TYPE, for example 100:gp3.")
    return {"size_gib": int(size), "type": kind or None}
