"""`skyclust cost showback|allocation`: who uses what, and how much of the cost is attributed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.cost_conversion import Currency, read_converted
from skyclust.cli.cost_frames import read_coverage, say_gaps, show_costs
from skyclust.cli.cost_options import (
    From,
    Metric,
    Sources,
    To,
    Where,
    checked_dimension,
    parse_range,
)
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, Workspace
from skyclust.errors import InvalidRequest
from skyclust.model.cost_metric import CostMetric


@with_list_options()
def showback(
    *,
    by: Annotated[
        str, typer.Option("--by", metavar="DIMENSION", help="Who consumes: tag:team, sub_account.")
    ],
    start: From = None,
    end: To = None,
    where: Where = None,
    metric: Metric = CostMetric.EFFECTIVE,
    source: Sources = None,
    currency: Currency = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Show what each consumer costs, with its part of the shared costs; the parts add up.

    `skyclust cost settings set` sets which values are shared, and how they are split.
    """
    from skyclust.costs.analysis.shared_costs import shared_costs_of
    from skyclust.costs.analysis.showback import show_back
    from skyclust.store import cost_settings
    from skyclust.store.engine import open_store

    days, dimension = parse_range(start, end), checked_dimension(by, "--by")
    frame = read_converted(workspace, days, [dimension], where, sources=source, currency=currency)
    with open_store().reading() as connection:
        rule = shared_costs_of(cost_settings.get(connection, workspace).shared_costs)
    parts = show_back(frame, dimension, rule, metric=metric)
    rows: list[dict[str, Any]] = [
        {
            dimension: one.consumer,
            "currency": one.currency,
            "direct": one.direct,
            "shared": one.shared,
            "total": one.total,
        }
        for one in sorted(parts, key=lambda one: (one.currency, -one.total))
    ]
    show_costs(
        rows,
        list_columns(dimension, "currency", "direct", "shared", "total"),
        options,
        title=f"Showback by {dimension} from {days[0]} until {days[1]} (exclusive)",
    )
    say_gaps(read_coverage(workspace, days), days, where, source)


@with_list_options()
def allocation(
    *,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY", help="Default: the allocation tags of the settings."),
    ] = None,
    start: From = None,
    end: To = None,
    where: Where = None,
    metric: Metric = CostMetric.EFFECTIVE,
    source: Sources = None,
    currency: Currency = None,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Show how much of the cost has the tags by which the workspace allocates it."""
    from skyclust.costs.analysis.allocation import allocation_coverage
    from skyclust.store import cost_settings
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        settings = cost_settings.get(connection, workspace)
    tags = list(dict.fromkeys(tag or settings.allocation_tags))
    if not tags:
        raise InvalidRequest(
            "The workspace has no allocation tags.",
            hint="Name one with --tag, or keep them: `cost settings set --allocation-tag KEY`.",
        )
    days, by = parse_range(start, end), [f"tag:{key}" for key in tags]
    frame = read_converted(workspace, days, by, where, sources=source, currency=currency)
    found = allocation_coverage(frame, tags, metric=metric)
    rows: list[dict[str, Any]] = [
        {
            "tag": one.tag if one.tag is not None else "all of them",
            "currency": one.currency,
            "allocated": one.allocated,
            "unallocated": one.unallocated,
            "share": one.share,
        }
        for one in found
    ]
    show_costs(
        rows,
        list_columns("tag", "currency", "allocated", "unallocated", "share"),
        options,
        title=f"Allocation from {days[0]} until {days[1]} (exclusive)",
    )
    say_gaps(read_coverage(workspace, days), days, where, source)
