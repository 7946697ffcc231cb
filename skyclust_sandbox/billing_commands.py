"""`skyclust sandbox bill`: what the local clouds have published of their bills, and the next."""

from __future__ import annotations

from typing import Final

import typer

from skyclust.cli.list_options import ListOptions, with_list_options, without_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace, AsJson
from skyclust.cli.output import show_list
from skyclust_sandbox.control_client import call_control
from skyclust_sandbox.running_clouds import RunningCloud, running_clouds

app = typer.Typer(no_args_is_help=True, help="The bills of the local clouds: list, publish.")

COLUMNS: Final = ("cloud", "publication", "sample")


@app.command("list")
@with_list_options()
def list_bills(
    cloud: RunningCloud = None,
    *,
    options: ListOptions,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
) -> None:
    """List what each cloud has published of its bill: first, late_day, restated."""
    _show(cloud, options, "GET")


@app.command("publish")
def publish_bill(
    cloud: RunningCloud = None,
    *,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Publish the day that the first bill lacks, and the next time a restated month."""
    _show(cloud, without_options(as_json=as_json), "POST")


def _show(cloud: list[str] | None, options: ListOptions, method: str) -> None:
    content = {"next": True} if method == "POST" else None
    rows: list[dict[str, object]] = []
    for name, running in running_clouds(cloud).items():
        reply = call_control(running.endpoint, method, "billing", content)
        rows.append({"cloud": name, **(reply if isinstance(reply, dict) else {})})
    show_list(rows, COLUMNS, options, title="Bills")
