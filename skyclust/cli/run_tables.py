"""The tables of flow runs that commands show."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from skyclust.cli.run_outcome import OPERATIONS_TABLE, PROBLEMS, Shown
from skyclust.costs.money import UNKNOWN, money_text, percent_text
from skyclust.model.scope import ScopeState

OPERATIONS: Final = {
    OPERATIONS_TABLE: Shown(
        "Operations",
        ("name", "id", "action", "credential", "region", "state", "error", "operation"),
    )
}

PLACEMENT: Final = {
    "placement": Shown(
        "Placement",
        ("order", "standing", "credential", "region", "type", "cores", "memory GiB", "reason"),
    )
}


def _needs_a_look(scope: Mapping[str, object]) -> bool:
    return scope.get("state") != ScopeState.FRESH


SYNC: Final = {
    "inventory-scopes-": Shown(
        "Scopes",
        ("credential", "region", "kind", "state", "resources", "reason"),
        _needs_a_look,
        rest="skyclust inventory scopes",
        in_problems=True,
    ),
    "inventory-changes-": Shown(
        "Changes",
        ("change", "kind", "name", "id", "region", "state", "changed"),
        rest="skyclust inventory changes --run RUN",
    ),
}


def _does_not_add_up(comparison: Mapping[str, object]) -> bool:
    return comparison.get("verdict") != "within tolerance"


def _with_amounts(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return a row whose amounts are written for people, each with the currency of the row."""
    return {**row, **{name: _money(row.get(name), str(row["currency"])) for name in names}}


def _money(amount: str | None, currency: str) -> str:
    return money_text(None if amount is None else Decimal(amount), currency)


def _percent(value: str | None) -> str:
    return percent_text(None if value is None else Decimal(value))


def _delivery(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "state": f"{row['state']} (shadow)"} if row.get("shadow") else {**row}


def _comparison(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = _with_amounts(row, "ours", "theirs", "difference")
    return shown | {"percent": _percent(row["percent"])}


def _budget(row: Mapping[str, Any]) -> dict[str, Any]:
    percents = ("used_percent", "forecast_percent")
    return _with_amounts(row, "amount", "actual") | {
        name: _percent(row[name]) or UNKNOWN for name in percents
    }


def _calls(row: Mapping[str, Any]) -> dict[str, Any]:
    return _with_amounts(row, "price")


COST_PROBLEMS: Final = "cost-problems-"
"""What the keys of the tables of costs that were not collected begin with."""

COSTS: Final = {
    "cost-deliveries-": Shown(
        "Deliveries",
        ("state", "source", "billing_account", "period", "rows", "days_written"),
        for_people=_delivery,
        rest="skyclust cost deliveries",
    ),
    "cost-calls-": Shown("Calls", ("account", "calls", "price"), for_people=_calls),
    "cost-reconciliation-": Shown(
        "Reconciliation",
        ("verdict", "billing_account", "period", "metric", "scope", "ours", "theirs", "difference"),
        _does_not_add_up,
        for_people=_comparison,
        rest="skyclust cost reconcile",
    ),
}

BUDGETS: Final = {
    "budgets-": Shown(
        "Budgets",
        (
            "budget",
            "month",
            "used_percent",
            "forecast_percent",
            "amount",
            "actual",
            "thresholds",
            "remarks",
        ),
        for_people=_budget,
        rest="skyclust cost budget list",
    ),
}

OF_FLOWS: Final[Mapping[str, Mapping[str, Shown]]] = {
    "sync-inventory": SYNC,
    "collect-costs": COSTS,
    "check-budgets": BUDGETS,
    "provision-instances": OPERATIONS,
    "place-instances": OPERATIONS | PLACEMENT,
    "change-instance": OPERATIONS,
    "delete-resource": OPERATIONS,
    "recover-operations": OPERATIONS,
}
"""The tables that are shown of a run, by its flow; of another flow's run there is none."""

PROBLEMS_OF_FLOWS: Final[Mapping[str, str]] = {
    "sync-inventory": PROBLEMS,
    "collect-costs": COST_PROBLEMS,
}
"""What the keys of the tables of accounts that failed begin with, by the flow that has them."""


def works_through_journal(flow: str) -> bool:
    """Return whether the recovery carries on what a run of a flow began at a cloud."""
    return OPERATIONS_TABLE in OF_FLOWS.get(flow, {})
