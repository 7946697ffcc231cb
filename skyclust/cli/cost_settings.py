"""`skyclust cost settings`: allocation tags, the currency, and how shared costs are split."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skyclust.cli.inputs import parse_decimal, parse_tags
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace
from skyclust.cli.output import say, show_record
from skyclust.cli.requests import checked
from skyclust.errors import InvalidRequest

if TYPE_CHECKING:
    from skyclust.costs.analysis.showback import SharedCosts
    from skyclust.model.cost_settings import CostSettings

app = typer.Typer(no_args_is_help=True)

NONE = "none"
"""What takes a setting away."""


@app.command()
def show(*, workspace: Workspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """Show what the workspace decided about its costs."""
    show_record(_record(_read(workspace)), as_json=as_json)


@app.command("set")
def set_settings(
    *,
    allocation_tag: Annotated[
        list[str] | None,
        typer.Option(
            "--allocation-tag",
            metavar="KEY",
            help="Costs are allocated by this tag. May be repeated; they replace those before."
            " `none`: by no tag.",
        ),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option("--currency", metavar="CODE", help="Convert to it where a rate is. `none`."),
    ] = None,
    shared: Annotated[
        list[str] | None,
        typer.Option(
            "--shared",
            metavar="VALUE",
            help="Costs of this value of a showback's dimension are shared. `none`: nothing is.",
        ),
    ] = None,
    share_untagged: Annotated[
        bool, typer.Option("--share-untagged", help="Costs without a value are shared too.")
    ] = False,
    split: Annotated[
        str | None,
        typer.Option("--split", metavar="HOW", help="proportional, even or weighted."),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option("--weight", metavar="VALUE=NUMBER", help="For the split `weighted`."),
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Change settings; those that are not named stay.

    With other allocation tags the sums by month are made again, which takes a moment a month.
    """
    from skyclust.costs.ledger.settings import save_settings
    from skyclust.model.cost_settings import CostSettings
    from skyclust.orchestration.actor import current_actor
    from skyclust.store.engine import open_store

    fields = _read(workspace).model_dump()
    if allocation_tag is not None:
        fields["allocation_tags"] = tuple(dict.fromkeys(_given(allocation_tag)))
    if currency is not None:
        fields["currency"] = None if currency == NONE else currency.upper()
    if shared is not None or share_untagged or split is not None or weight is not None:
        fields["shared_costs"] = _shared(
            fields["shared_costs"], shared, share_untagged, split, weight
        )
    settings = checked(CostSettings, **fields)
    rebuilt = save_settings(open_store(), workspace, settings, saved_by=current_actor())
    if as_json:
        show_record({**_record(settings), "periods_rebuilt": rebuilt}, as_json=True)
        return
    say("The settings are saved.", style="green")
    if rebuilt:
        say(f"The sums of {rebuilt} billing periods were made again, by these tags.")


def _read(workspace: str) -> CostSettings:
    from skyclust.store import cost_settings, workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        return cost_settings.get(connection, workspace)


def _given(values: Sequence[str]) -> list[str]:
    return [] if list(values) == [NONE] else list(values)


def _shared(
    before: dict[str, Any] | None,
    shared: list[str] | None,
    untagged: bool,
    split: str | None,
    weights: list[str] | None,
) -> dict[str, Any] | None:
    """Return the rule with what was given in place of what it had; None where nothing is shared."""
    from skyclust.costs.analysis.shared_costs import document_of, shared_costs_of
    from skyclust.costs.analysis.showback import SharedCosts

    rule: SharedCosts = shared_costs_of(before)
    values: tuple[str | None, ...] = rule.shared
    if shared is not None:
        values = tuple(dict.fromkeys(_given(shared)))
    if untagged and None not in values:
        values = (*values, None)
    if not values:
        if split is not None or weights is not None:
            raise InvalidRequest(
                "--split and --weight say how shared costs are split, and nothing is shared.",
                hint="Name what is shared: --shared VALUE, or --share-untagged.",
            )
        return None
    how = _split(split) if split is not None else rule.split
    given: dict[str, Decimal] | None = None
    if weights is not None:
        pairs = parse_tags(weights, "--weight")
        given = {name: parse_decimal(number, "--weight") for name, number in pairs.items()}
    kept = rule.weights if how is rule.split else None
    return document_of(SharedCosts(values, how, given if given is not None else kept))


def _split(text: str) -> Any:
    from skyclust.costs.analysis.showback import Split

    try:
        return Split(text)
    except ValueError as error:
        raise InvalidRequest(
            f"--split: {text!r} is no way to split.", hint=f"One of: {', '.join(Split)}."
        ) from error


def _record(settings: CostSettings) -> dict[str, Any]:
    return {
        "allocation_tags": list(settings.allocation_tags),
        "currency": settings.currency,
        "shared_costs": settings.shared_costs,
    }
