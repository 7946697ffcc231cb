"""`skyclust cost collect`: read what the accounts cost."""

from __future__ import annotations

from typing import Annotated

import typer

from skyclust.cli.cost_options import parse_day
from skyclust.cli.flow_runs import run_flow
from skyclust.cli.inventory_filters import Credentials, Providers
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Local, NoWait, Workspace
from skyclust.cli.requested_names import require_credentials
from skyclust.cli.requests import checked
from skyclust.cli.run_outcome import finish
from skyclust.cli.run_tables import COST_PROBLEMS, COSTS

AllowMassWithdrawal = Annotated[
    bool,
    typer.Option(
        "--allow-mass-withdrawal", help="Apply it even if it removes most of a closed period."
    ),
]


def collect(
    *,
    credential: Credentials = None,
    provider: Providers = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="Default: the first of the month before."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Exclusive. Default: tomorrow.")
    ] = None,
    metrics: Annotated[
        bool,
        typer.Option("--metrics/--no-metrics", help="Read how much instances are used."),
    ] = True,
    allow_mass_withdrawal: AllowMassWithdrawal = False,
    local: Local = False,
    no_wait: NoWait = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Read what the accounts cost and apply it; exit code 3 when some of it could not be read."""
    from skyclust.model.cost_request import CollectCostsRequest

    request = checked(
        CollectCostsRequest,
        workspace=workspace,
        credentials=tuple(credential or ()),
        providers=tuple(provider or ()),
        start=parse_day(start, "--from") if start else None,
        end=parse_day(end, "--to") if end else None,
        metrics=metrics,
        allow_mass_withdrawal=allow_mass_withdrawal,
    )
    require_credentials(workspace, request.credentials, request.providers)
    outcome = run_flow("collect-costs", request, local=local, no_wait=no_wait, as_json=as_json)
    finish(outcome, as_json=as_json, tables=COSTS, problems=COST_PROBLEMS)
