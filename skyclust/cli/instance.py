"""`skyclust instance`: virtual machines."""

from __future__ import annotations

from typing import Final

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.instance_changes import delete, reboot, resize, start, stop, tag
from skyclust.cli.instance_creation import create
from skyclust.cli.instance_lookup import (
    Credential,
    InstanceName,
    NamedInstance,
    Region,
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
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace
from skyclust.cli.output import say, show_record, show_text
from skyclust.cli.provider_access import provider_of
from skyclust.cli.user_data import seal_user_data
from skyclust.model.resource import ResourceKind
from skyclust.redaction import redact

app = typer.Typer(no_args_is_help=True)

app.command()(create)

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


app.command()(seal_user_data)

for change in (start, stop, reboot, resize, delete, tag):
    app.command()(change)
