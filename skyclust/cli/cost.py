"""`skyclust cost`: what everything costs."""

from __future__ import annotations

import typer

from skyclust.cli.cost_collection import collect, import_files
from skyclust.cli.cost_deliveries import accounts, deliveries, explain, retract
from skyclust.cli.cost_export import export
from skyclust.cli.cost_forecast import anomalies, forecast
from skyclust.cli.cost_reconciliation import reconcile
from skyclust.cli.cost_report import report
from skyclust.cli.cost_views import breakdown, compare, summary, trend

app = typer.Typer(no_args_is_help=True)

app.command()(collect)
app.command("import")(import_files)
app.command()(deliveries)
app.command()(explain)
app.command()(retract)
app.command()(accounts)
app.command()(reconcile)
app.command()(summary)
app.command()(breakdown)
app.command()(trend)
app.command()(compare)
app.command()(forecast)
app.command()(anomalies)
app.command()(report)
app.command()(export)
