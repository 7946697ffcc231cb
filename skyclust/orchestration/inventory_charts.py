"""The charts of a sync's summary: the instances by cloud and state, and the changes over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from skyclust.inventory.change_periods import ChangePeriod, change_periods
from skyclust.model.instance import InstanceState
from skyclust.model.resource import ChangeKind
from skyclust.orchestration.svg_charts import columns, stacked_bars
from skyclust.store import resources
from skyclust.store.engine import Store
from skyclust.svg import AMBER, BLUE, GREEN, GREY, RED

_STATES: Final = {
    InstanceState.RUNNING.value: GREEN,
    InstanceState.STOPPED.value: GREY,
    InstanceState.PENDING.value: AMBER,
    InstanceState.ERROR.value: RED,
}

_CHANGES: Final = {
    ChangeKind.ADDED.value: GREEN,
    ChangeKind.CHANGED.value: BLUE,
    ChangeKind.GONE.value: RED,
}


def inventory_charts(store: Store, workspace_id: str) -> list[str]:
    """Return the lines of Markdown with the charts of a workspace as it is now."""
    with store.reading() as connection:
        instances = resources.count_instances(connection, workspace_id)
    unit, periods = change_periods(store, workspace_id, datetime.now(UTC))
    return [*instances_chart(instances), *changes_chart(unit, periods)]


def instances_chart(instances: Mapping[tuple[str, str], int]) -> list[str]:
    """Return a bar for each cloud, made of the states of its instances; no line for none."""
    if not instances:
        return []
    clouds: dict[str, dict[str, int]] = {}
    for (provider, state), number in sorted(instances.items()):
        clouds.setdefault(provider, {})[state] = number
    return ["", stacked_bars("Instances by cloud and state", clouds, _STATES).markdown]


def changes_chart(unit: str, periods: Sequence[ChangePeriod]) -> list[str]:
    """Return columns of what was added, changed and gone by period; no line for no change."""
    series = {kind.value: [period.counts.get(kind, 0) for period in periods] for kind in ChangeKind}
    if not any(map(sum, series.values())):
        return []
    # Said aloud, a row of zeros helps nobody: the periods with changes alone.
    spoken = [
        f"{period.label}: "
        + ", ".join(f"{number} {kind.value}" for kind, number in period.counts.items() if number)
        for period in periods
        if any(period.counts.values())
    ]
    title = f"Changes of resources by the {unit} (UTC)"
    labels = [period.label for period in periods]
    return ["", columns(title, labels, series, _CHANGES, words="; ".join(spoken)).markdown]
