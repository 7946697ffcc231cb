"""`skyclust sandbox`: local clouds to try things on, and faults to try them with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import TypeAdapter

from skyclust.cli import output
from skyclust.errors import InvalidRequest, NotFound
from skyclust.sandbox.control_client import call_control
from skyclust.sandbox.faults import Fault, FaultKind, StandingFault
from skyclust.sandbox.processes import (
    SandboxCloud,
    sandbox_status,
    start_sandbox,
    stop_sandbox,
)
from skyclust.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Local clouds: up, down, status, fault.")
fault_app = typer.Typer(no_args_is_help=True, help="Faults on demand: add, list, clear.")
app.add_typer(fault_app, name="fault")

COLUMNS = ("cloud", "endpoint", "access_key_id", "seed", "pid")
FAULT_COLUMNS = ("id", "cloud", "kind", "action", "region", "probability", "left", "struck")

ACCESS_KEY_ID = "sandbox"
"""The key that every sandbox cloud accepts for its seeded account, with any secret."""

_STANDING: Final = TypeAdapter(list[StandingFault])

Cloud = Annotated[str, typer.Option("--cloud", help="Which cloud: aws.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Workspace = Annotated[
    str, typer.Option("--workspace", "-w", help="Taken as everywhere; all workspaces share it.")
]


@app.command()
def up(
    *,
    cloud: Annotated[
        list[str] | None, typer.Option("--cloud", help="Cloud to start; may be repeated.")
    ] = None,
    seed: Annotated[
        str, typer.Option(help="What exists: `estate` (a used account) or `empty`.")
    ] = "estate",
    transition_seconds: Annotated[
        float, typer.Option(min=0, help="How long a machine takes to start or stop.")
    ] = 2.0,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the cloud; a free one if unset.")
    ] = None,
    workspace: Workspace = "default",
    as_json: AsJson = False,
) -> None:
    """Start the sandbox clouds in the background; one that runs is left as it is."""
    clouds = cloud or ["aws"]
    if port is not None and len(clouds) > 1:
        raise InvalidRequest("--port needs exactly one --cloud.")
    started = start_sandbox(
        _home(),
        clouds=clouds,
        seed=seed,
        ports=None if port is None else {clouds[0]: port},
        options=["--transition-seconds", str(transition_seconds)],
    )
    _show_clouds(started.values(), as_json=as_json)


@app.command()
def down(workspace: Workspace = "default", as_json: AsJson = False) -> None:
    """Stop the sandbox clouds; what was made in them is gone."""
    _show_clouds(stop_sandbox(_home()).values(), as_json=as_json)


@app.command()
def status(workspace: Workspace = "default", as_json: AsJson = False) -> None:
    """List the sandbox clouds that run."""
    _show_clouds(sandbox_status(_home()).values(), as_json=as_json)


@app.command()
def credential(cloud: Cloud = "aws", workspace: Workspace = "default") -> None:
    """Print the credential of a sandbox cloud, for `credential add --from-file -`."""
    fields = {
        "access_key_id": ACCESS_KEY_ID,
        "secret_access_key": "any",  # the sandbox checks no signature
        "region": "eu-central-1",
        "endpoint": _running(cloud).endpoint,
    }
    output.show_record(fields, as_json=True)


@fault_app.command("add")
def add_fault(
    kind: Annotated[FaultKind, typer.Argument(help="How calls are struck.")],
    *,
    action: Annotated[
        str, typer.Option(help="Operation, as a glob: RunInstances, 'Describe*'.")
    ] = "*",
    region: Annotated[str | None, typer.Option(help="Only in this region.")] = None,
    access_key: Annotated[str | None, typer.Option(help="Only calls with this access key.")] = None,
    probability: Annotated[float, typer.Option(min=0, max=1, help="Share of the calls.")] = 1.0,
    after: Annotated[int, typer.Option(min=0, help="Let so many calls pass first.")] = 0,
    times: Annotated[int | None, typer.Option(min=1, help="Strike so often, then no more.")] = None,
    seconds: Annotated[float, typer.Option(min=0, max=600, help="Length of a delay.")] = 0.0,
    code: Annotated[str | None, typer.Option(help="Error code in place of the usual one.")] = None,
    http_status: Annotated[
        int | None,
        typer.Option("--status", min=400, max=599, help="HTTP status in place of the usual one."),
    ] = None,
    cloud: Cloud = "aws",
    workspace: Workspace = "default",
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
    added = _ask(cloud, "POST", "faults", fault.model_dump(mode="json"))
    _show_faults(cloud, added, as_json=as_json)


@fault_app.command("list")
def list_faults(
    cloud: Cloud = "aws", workspace: Workspace = "default", as_json: AsJson = False
) -> None:
    """List the faults in force and how often each has struck."""
    _show_faults(cloud, _ask(cloud, "GET", "faults"), as_json=as_json)


@fault_app.command("clear")
def clear_faults(
    fault_id: Annotated[int | None, typer.Argument(help="Only this one; all if unset.")] = None,
    cloud: Cloud = "aws",
    workspace: Workspace = "default",
) -> None:
    """Take one fault back, or all of them."""
    _ask(cloud, "DELETE", "faults" if fault_id is None else f"faults/{fault_id}")


def _home() -> Path:
    return load_settings().home


def _running(cloud: str) -> SandboxCloud:
    running = sandbox_status(_home()).get(cloud)
    if running is None:
        raise NotFound(
            f"The sandbox cloud {cloud!r} does not run.",
            hint="Start it with `skyclust sandbox up`.",
        )
    return running


def _ask(cloud: str, method: str, noun: str, content: object = None) -> object:
    return call_control(_running(cloud).endpoint, method, noun, content)


def _show_clouds(clouds: Iterable[SandboxCloud], *, as_json: bool) -> None:
    rows = [
        {"access_key_id": ACCESS_KEY_ID, **known.model_dump(include=set(COLUMNS))}
        for known in clouds
    ]
    output.show_list(rows, COLUMNS, as_json=as_json, title="Sandbox clouds")


def _show_faults(cloud: str, answer: object, *, as_json: bool) -> None:
    rows = [_fault_row(cloud, one) for one in _STANDING.validate_python(answer)]
    output.show_list(rows, FAULT_COLUMNS, as_json=as_json, title="Faults in force")


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
