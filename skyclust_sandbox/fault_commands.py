"""`skyclust sandbox fault`: faults that the sandbox clouds show on demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import typer
from pydantic import TypeAdapter

from skyclust.cli.list_options import ListOptions, with_list_options, without_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace, AsJson
from skyclust.cli.output import show_list
from skyclust.errors import InvalidRequest
from skyclust_sandbox.control_client import call_control
from skyclust_sandbox.faults import Fault, FaultKind, StandingFault
from skyclust_sandbox.processes import (
    SandboxCloud,
)
from skyclust_sandbox.running_clouds import RunningCloud, running_clouds

app = typer.Typer(no_args_is_help=True, help="Faults on demand: add, list, clear.")

COLUMNS: Final = (
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


@app.command("add")
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
    added = _call(running_clouds(cloud), "POST", "faults", fault.model_dump(mode="json"))
    _show_faults(added, without_options(as_json=as_json))


@app.command("list")
@with_list_options()
def list_faults(
    cloud: RunningCloud = None,
    *,
    options: ListOptions,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
) -> None:
    """List the faults in force and how often each has struck."""
    _show_faults(_call(running_clouds(cloud), "GET", "faults"), options)


@app.command("clear")
def clear_faults(
    fault_id: Annotated[int | None, typer.Argument(help="Only this one; all if unset.")] = None,
    cloud: RunningCloud = None,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
) -> None:
    """Take one fault of a cloud back, or all of them."""
    clouds = running_clouds(cloud)
    if fault_id is not None and len(clouds) > 1:
        raise InvalidRequest(
            f"Each cloud counts its own faults: whose {fault_id} is meant?",
            hint=f"Say --cloud with one of {', '.join(clouds)}.",
        )
    _call(clouds, "DELETE", "faults" if fault_id is None else f"faults/{fault_id}")


def _show_faults(replies: Mapping[str, object], options: ListOptions) -> None:
    rows = [
        _fault_row(cloud, standing)
        for cloud, reply in replies.items()
        for standing in _STANDING.validate_python(reply)
    ]
    show_list(rows, COLUMNS, options, title="Faults in force")


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


def _call(
    clouds: Mapping[str, SandboxCloud], method: str, noun: str, content: object = None
) -> dict[str, object]:
    return {
        cloud: call_control(running.endpoint, method, noun, content)
        for cloud, running in clouds.items()
    }
