"""What a collection shows of its tables."""

from __future__ import annotations

from skyclust.cli.columns import column
from skyclust.cli.run_tables import BUDGETS, COSTS
from skyclust.costs.reconciliation.tolerance import Verdict


def test_only_totals_that_do_not_add_up_are_shown() -> None:
    shown = COSTS["cost-reconciliation-"]
    worth = [verdict for verdict in Verdict if shown.worth({"verdict": verdict.value})]
    assert worth == [verdict for verdict in Verdict if verdict is not Verdict.WITHIN]


def test_the_names_of_sources_keep_both_ends() -> None:
    source = column("source")
    cut = source.cut("aws-data-exports:production-eu", 20)
    assert cut.startswith("aws-")
    assert cut.endswith("-eu")
    assert source.least == 20


def test_tables_of_runs_have_amounts_for_people() -> None:
    compared = {
        "verdict": "differs",
        "currency": "USD",
        "ours": "81290.875",
        "theirs": None,
        "difference": None,
        "percent": None,
    }
    shown = COSTS["cost-reconciliation-"].for_people(compared)
    assert (shown["ours"], shown["theirs"], shown["percent"]) == ("81,290.88 USD", "unknown", "")
    delivery = {"state": "applied", "shadow": True}
    assert COSTS["cost-deliveries-"].for_people(delivery)["state"] == "applied (shadow)"
    call = {"currency": "USD", "price": "0.04", "calls": 4}
    assert COSTS["cost-calls-"].for_people(call)["price"] == "0.04 USD"
    budget = {"currency": "EUR", "amount": "5", "actual": "4.5", "used_percent": "90"}
    shown = BUDGETS["budgets-"].for_people(budget | {"forecast_percent": None})
    assert (shown["amount"], shown["used_percent"], shown["forecast_percent"]) == (
        "5.00 EUR",
        "90.0 %",
        "unknown",
    )
