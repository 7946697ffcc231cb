"""`skyclust sandbox`: start and stop the local clouds, connect to them, and inject faults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from skyclust.cli.allowed_endpoints import allow_endpoints, forget_endpoints
from skyclust.cli.list_options import without_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace, AsJson, Workspace
from skyclust.cli.output import say, show_list, show_record
from skyclust.cli.server import answering_server, require_server
from skyclust.errors import InvalidRequest
from skyclust_sandbox import billing_commands, fault_commands
from skyclust_sandbox.processes import (
    CLOUDS,
    SandboxCloud,
    sandbox_status,
    start_sandbox,
    stop_sandbox,
)
from skyclust_sandbox.running_clouds import RunningCloud, home_folder, running_clouds

if TYPE_CHECKING:
    from skyclust.store.engine import Store

app = typer.Typer(
    no_args_is_help=True, help="Local clouds: up, down, status, connect, credential, fault, bill."
)
app.add_typer(billing_commands.app, name="bill")
app.add_typer(fault_commands.app, name="fault")

COLUMNS: Final = ("cloud", "endpoint", "access_key", "seed", "pid")
CREDENTIAL_COLUMNS: Final = ("name", "provider", "account", "principal")
Cloud = Annotated[
    list[str] | None,
    typer.Option("--cloud", help=f"Of {', '.join(CLOUDS)}; may be repeated. Default: all."),
]


@app.command()
def up(
    *,
    cloud: Cloud = None,
    seed: Annotated[
        str, typer.Option(help="What exists: `estate` (a used account) or `empty`.")
    ] = "estate",
    transition_seconds: Annotated[
        float,
        typer.Option(
            min=0,
            help="Seconds that an instance takes from one state to the next: from pending to"
            " running, from stopping to stopped.",
        ),
    ] = 2.0,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the cloud; a free one if unset.")
    ] = None,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Start the sandbox clouds in the background; one that runs is left as it is."""
    from skyclust.cli.steps import Steps

    clouds = cloud or list(CLOUDS)
    if port is not None and len(clouds) > 1:
        raise InvalidRequest("--port needs exactly one --cloud.")
    with Steps() as steps:
        steps(f"Starting the sandbox clouds {', '.join(clouds)}")
        started = start_sandbox(
            home_folder(),
            clouds=clouds,
            seed=seed,
            ports=None if port is None else {clouds[0]: port},
            options=["--transition-seconds", str(transition_seconds)],
        )
    allow_endpoints(started_cloud.endpoint for started_cloud in started.values())
    _show_clouds(started.values(), as_json=as_json)
    if not as_json:
        server = "" if answering_server() else "`skyclust up --detach`, then "
        say(f"Next: {server}`skyclust sandbox connect`")


@app.command()
def down(
    cloud: Cloud = None, workspace: AnyWorkspace = DEFAULT_WORKSPACE, as_json: AsJson = False
) -> None:
    """Stop the sandbox clouds; what was made in them is gone."""
    stopped = stop_sandbox(home_folder(), cloud or list(CLOUDS)).values()
    forget_endpoints(stopped_cloud.endpoint for stopped_cloud in stopped)
    if as_json:
        _show_clouds(stopped, as_json=True)
        return
    names = ", ".join(stopped_cloud.cloud for stopped_cloud in stopped)
    say(f"Stopped: {names}." if names else "No sandbox cloud was running.")


@app.command()
def status(workspace: AnyWorkspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """List the sandbox clouds that run."""
    _show_clouds(sandbox_status(home_folder()).values(), as_json=as_json)


@app.command()
def credential(
    cloud: Annotated[str, typer.Option("--cloud", help=f"One of {', '.join(CLOUDS)}.")] = "aws",
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
) -> None:
    """Print the credential of a sandbox cloud, for `credential add --from-file -`."""
    from skyclust_sandbox.credentials import CREDENTIALS

    running = running_clouds([cloud])[cloud]
    show_record(CREDENTIALS[cloud](running.endpoint), as_json=True)


@app.command()
def connect(
    cloud: RunningCloud = None,
    prefix: Annotated[
        str, typer.Option(help="What the credentials' names begin with, before the cloud's.")
    ] = "sandbox-",
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Add a credential for each sandbox cloud, sandbox-aws and so on, and verify it.

    One that is there already gets new values. Proxmox VE bills nobody: with its credential an
    example price book is saved, unless the workspace has one of that name.
    """
    clouds = running_clouds(cloud)
    require_server()
    from skyclust.cli.steps import Steps
    from skyclust.orchestration.credential_verification import verify_credential
    from skyclust.orchestration.credentials import save_credential
    from skyclust.store.engine import open_store
    from skyclust_sandbox.credentials import CREDENTIALS

    store = open_store()
    rows = []
    with Steps() as steps:
        for name, running in clouds.items():
            steps(f"Adding the credential {prefix}{name}")
            values = CREDENTIALS[name](running.endpoint)
            kept = save_credential(store, workspace, f"{prefix}{name}", name, values, replace=True)
            steps(f"Verifying {kept.name} at {running.endpoint}")
            identity = verify_credential(store, workspace, kept.name)
            row = {"name": kept.name, "provider": kept.provider}
            rows.append(row | {"account": identity.account, "principal": identity.principal})
        if "proxmox" in clouds:
            steps("Saving an example price book for Proxmox VE")
            _save_example_price_book(store, workspace)
    show_list(rows, CREDENTIAL_COLUMNS, without_options(as_json=as_json), title="Credentials")
    chosen = "" if workspace == DEFAULT_WORKSPACE else f" -w {workspace}"
    say(f"Next: skyclust inventory sync{chosen}, then skyclust cost collect{chosen}")


def _save_example_price_book(store: Store, workspace: str) -> None:
    """Save the price book of the sandbox Proxmox VE; one that was changed is left as it is."""
    from skyclust.costs.price_books.saving import load_price_books, save_price_book
    from skyclust.orchestration.actor import current_actor
    from skyclust_sandbox.proxmox.price_book import NAME, PRICE_BOOK

    if NAME not in {version.book.name for version in load_price_books(store, workspace)}:
        save_price_book(store, workspace, PRICE_BOOK, saved_by=current_actor())


def _show_clouds(clouds: Iterable[SandboxCloud], *, as_json: bool) -> None:
    from skyclust_sandbox.credentials import ACCESS_KEYS

    rows = [
        {"access_key": ACCESS_KEYS[known.cloud], **known.model_dump(include=set(COLUMNS))}
        for known in clouds
    ]
    show_list(rows, COLUMNS, without_options(as_json=as_json), title="Sandbox clouds")
