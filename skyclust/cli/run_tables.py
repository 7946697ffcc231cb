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

OF_FLOWS: Final[Mapping[str, Mapping[str, Shown]]] = {
    "sync-inventory": SYNC,
    "provision-instances": OPERATIONS,
    "place-instances": OPERATIONS | PLACEMENT,
    "change-instance": OPERATIONS,
    "recover-operations": OPERATIONS,
}
"""The tables that are shown of a run, by its flow; of another flow's run there is none."""
