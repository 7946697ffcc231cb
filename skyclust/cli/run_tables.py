"""The tables of flow runs that commands show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from skyclust.cli.run_outcome import Shown
from skyclust.model.scope import ScopeState

OPERATIONS: Final = {
    "operations": Shown(
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


COST_PROBLEMS: Final = "cost-problems-"
"""What the keys of the tables of costs that were not collected begin with."""

COSTS: Final = {
    "cost-deliveries-": Shown(
        "Deliveries",
        ("state", "source", "billing account", "period", "rows", "days written"),
        rest="skyclust cost deliveries",
    ),
    "cost-reconciliation-": Shown(
        "Reconciliation",
        ("verdict", "account", "period", "metric", "scope", "ours", "theirs", "difference"),
        _does_not_add_up,
        rest="skyclust cost reconcile",
    ),
}

BUDGETS: Final = {
    "budgets-": Shown(
        "Budgets",
        ("budget", "month", "used", "forecast", "amount", "actual", "thresholds", "remarks"),
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
