"""How a workspace splits its shared costs, as its settings have it: a rule from JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from skyclust.costs.analysis.showback import SharedCosts, Split, require_weights
from skyclust.costs.money import exact_text
from skyclust.errors import InvalidRequest


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    shared: tuple[str | None, ...] = ()
    split: Split = Split.PROPORTIONAL
    weights: dict[str, Decimal] = Field(default_factory=dict)


def shared_costs_of(document: Mapping[str, JsonValue] | None) -> SharedCosts:
    """Return the rule of a workspace's settings; nothing is shared without one.

    Raises InvalidRequest for a document that is no rule.
    """
    try:
        found = _Document.model_validate(document or {})
    except ValidationError as error:
        raise InvalidRequest(
            "The settings of shared costs cannot be read.",
            hint="Set them again: `skyclust cost settings set --shared VALUE --split even`.",
        ) from error
    return SharedCosts(found.shared, found.split, found.weights or None)


def document_of(rule: SharedCosts) -> dict[str, JsonValue]:
    """Return a rule as the settings keep it: weights as exact decimal texts.

    Raises InvalidRequest for weights by which a showback could not split (`require_weights`).
    """
    require_weights(rule)
    return {
        "shared": list(rule.shared),
        "split": rule.split.value,
        "weights": {name: exact_text(weight) for name, weight in (rule.weights or {}).items()},
    }
