"""`skyclust sandbox`: start and stop the local clouds, connect to them, and inject faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import TypeAdapter

from skyclust.cli.allowed_endpoints import allow_endpoints, forget_endpoints
from skyclust.cli.list_options import Format, ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace, AsJson, Workspace
from skyclust.cli.output import say, show_list, show_record
from skyclust.cli.server import answering_server, require_server
from skyclust.errors import InvalidRequest, NotFound
from skyclust_sandbox.control_client import call_control
from skyclust_sandbox.faults import Fault, FaultKind, StandingFault
from skyclust_sandbox.processes import (
    CLOUDS,
    SandboxCloud,
    sandbox_status,
    start_sandbox,
    stop_sandbox,
)

app = typer.Typer(
    no_args_is_help=True, help="Local clouds: up, down, status, connect, credential, fault."
)
fault_app = typer.Typer(no_args_is_help=True, help="Faults on demand: add, list, clear.")
app.add_typer(fault_app, name="fault")

COLUMNS: Final = ("cloud", "endpoint", "access_key", "seed", "pid")
CREDENTIAL_COLUMNS: Final = ("name", "provider", "account", "principal")
FAULT_COLUMNS: Final = (
    "id",
    "cloud",
    "kind",
    "action",
    "region",
    "probability",
    "left",
    "struck",
)

_STANDING: Final = TypeAdapter(list[StandingFault])

Cloud = Annotated[
    list[str] | None,
    typer.Option("--cloud", help=f"Of {', '.join(CLOUDS)}; may be repeated. Default: all."),
]
RunningCloud = Annotated[
    list[str] | None,
    typer.Option("--cloud", help="May be repeated. Default: every cloud that runs."),
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
            _home(),
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
    stopped = stop_sandbox(_home(), cloud or list(CLOUDS)).values()
    forget_endpoints(stopped_cloud.endpoint for stopped_cloud in stopped)
    if as_json:
        _show_clouds(stopped, as_json=True)
        return
    names = ", ".join(stopped_cloud.cloud for stopped_cloud in stopped)
    say(f"Stopped: {names}." if names else "No sandbox cloud was running.")


@app.command()
def status(workspace: AnyWorkspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """List the sandbox clouds that run."""
    _show_clouds(sandbox_status(_home()).values(), as_json=as_json)


@app.command()
def credential(
    cloud: Annotated[str, typer.Option("--cloud", help=f"One of {', '.join(CLOUDS)}.")] = "aws",
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
) -> None:
    """Print the credential of a sandbox cloud, for `credential add --from-file -`."""
    from skyclust_sandbox.credentials import CREDENTIALS

    running = _running([cloud])[cloud]
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

    One that is there already gets new values.
    """
    clouds = _running(cloud)
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
    show_list(rows, CREDENTIAL_COLUMNS, as_json=as_json, title="Credentials")


@fault_app.command("add")
def add_fault(
    kind: Annotated[FaultKind, typer.Argument(help="How calls are struck.")],
    *,
    action: Annotated[
        str,
        typer.Option(help="Operation in its cloud's own words, as a glob: 'Describe*'."),
    ] = "*",
    region: Annotated[str | None, typer.Option(help="Only in this region.")] = None,
    access_key: Annotated[
        str | None, typer.Option(help="Only calls of this caller, as `status` shows it.")
    ] = None,
    probability: Annotated[float, typer.Option(min=0, max=1, help="Share of the calls.")] = 1.0,
    after: Annotated[int, typer.Option(min=0, help="Let so many calls pass first.")] = 0,
    times: Annotated[int | None, typer.Option(min=1, help="Strike so often, then no more.")] = None,
    seconds: Annotated[float, typer.Option(min=0, max=600, help="Length of a delay.")] = 0.0,
    code: Annotated[str | None, typer.Option(help="Error code in place of the usual one.")] = None,
    http_status: Annotated[
        int | None,
        typer.Option("--status", min=400, max=599, help="HTTP status in place of the usual one."),
    ] = None,
    cloud: RunningCloud = None,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Put a fault in force until it is cleared or has struck often enough."""
    fault = Fault(
        kind=kind,
        action=action,
        region=region,
        access_key=access_key,
        probability=probability,
        after=after,
        times=times,
        seconds=seconds,
        code=code,
        status=http_status,
    )
    added = _call(_running(cloud), "POST", "faults", fault.model_dump(mode="json"))
    _show_faults(added, ListOptions(format=Format.JSON if as_json else Format.TABLE))


@fault_app.command("list")
@with_list_options()
def list_faults(
    cloud: RunningCloud = None,
    *,
    options: ListOptions,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
) -> None:
    """List the faults in force and how often each has struck."""
    _show_faults(_call(_running(cloud), "GET", "faults"), options)


@fault_app.command("clear")
def clear_faults(
    fault_id: Annotated[int | None, typer.Argument(help="Only this one; all if unset.")] = None,
    cloud: RunningCloud = None,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
) -> None:
    """Take one fault of a cloud back, or all of them."""
    clouds = _running(cloud)
    if fault_id is not None and len(clouds) > 1:
        raise InvalidRequest(
            f"Each cloud counts its own faults: whose {fault_id} is meant?",
            hint=f"Say --cloud with one of {', '.join(clouds)}.",
        )
    _call(clouds, "DELETE", "faults" if fault_id is None else f"faults/{fault_id}")


def _home() -> Path:
    from skyclust.settings import load_settings

    return load_settings().home


def _running(requested: Sequence[str] | None) -> dict[str, SandboxCloud]:
    """Return the requested clouds, by default all that run.

    Raises NotFound when one does not run.
    """
    running = sandbox_status(_home())
    for cloud in requested or ():
        if cloud not in CLOUDS:
            raise InvalidRequest(
                f"There is no sandbox cloud {cloud!r}.", hint=f"Known: {', '.join(CLOUDS)}."
            )
        if cloud not in running:
            raise NotFound(
                f"The sandbox cloud {cloud!r} does not run.",
                hint=f"Start it with `skyclust sandbox up --cloud {cloud}`.",
            )
    if not running:
        raise NotFound("No sandbox cloud runs.", hint="Start them with `skyclust sandbox up`.")
    return {cloud: running[cloud] for cloud in requested or running}


def _call(
    clouds: Mapping[str, SandboxCloud], method: str, noun: str, content: object = None
) -> dict[str, object]:
    return {
        cloud: call_control(running.endpoint, method, noun, content)
        for cloud, running in clouds.items()
    }


def _show_clouds(clouds: Iterable[SandboxCloud], *, as_json: bool) -> None:
    from skyclust_sandbox.credentials import ACCESS_KEYS

    rows = [
        {"access_key": ACCESS_KEYS[known.cloud], **known.model_dump(include=set(COLUMNS))}
        for known in clouds
    ]
    show_list(rows, COLUMNS, as_json=as_json, title="Sandbox clouds")


def _show_faults(replies: Mapping[str, object], options: ListOptions) -> None:
    rows = [
        _fault_row(cloud, standing)
        for cloud, reply in replies.items()
        for standing in _STANDING.validate_python(reply)
    ]
    show_list(rows, FAULT_COLUMNS, options, title="Faults in force")


def _fault_row(cloud: str, standing: StandingFault) -> dict[str, object]:
    fault = standing.fault
    left = None if fault.times is None else fault.times - standing.struck
    return {
        "id": standing.id,
        "cloud": cloud,
        **fault.model_dump(mode="json"),
        "left": left,
        "matched": standing.matched,
        "struck": standing.struck,
    }
