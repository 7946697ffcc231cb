"""`skyclust cost`: what everything costs."""

from __future__ import annotations

import typer

from skyclust.cli import (
    cost_advice,
    cost_budgets,
    cost_price_books,
    cost_prices,
    cost_rates,
    cost_settings,
)
from skyclust.cli.cost_collection import collect
from skyclust.cli.cost_deliveries import accounts, deliveries, explain, retract
from skyclust.cli.cost_export import export
from skyclust.cli.cost_forecast import anomalies, forecast
from skyclust.cli.cost_import import import_files
from skyclust.cli.cost_reconciliation import reconcile
from skyclust.cli.cost_report import report
from skyclust.cli.cost_resources import resources
from skyclust.cli.cost_showback import allocation, showback
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
app.command()(showback)
app.command()(allocation)
app.add_typer(cost_budgets.app, name="budget", help="What a month may cost, with alerts.")
app.add_typer(cost_price_books.app, name="price-book", help="The prices of private clouds.")
app.add_typer(cost_prices.app, name="prices", help="The list prices of the clouds.")
app.add_typer(cost_rates.app, name="rates", help="The rates by which costs are converted.")
app.add_typer(cost_settings.app, name="settings", help="Allocation tags, currency, shared costs.")
app.command()(resources)
app.add_typer(cost_advice.app, name="advise")
