"""Showback: the costs of shared things split over those who use them, preserving the total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, localcontext
from enum import StrEnum
from typing import Final

import pandas as pd

from skyclust.costs.analysis.frames import records, sort_key, sum_by
from skyclust.errors import InvalidRequest
from skyclust.model.cost_metric import CostMetric

UNIT: Final = Decimal(1).scaleb(-12)
"""The smallest part of an amount (skyclust.store.decimals)."""

_WEIGHTS: Final = "`skyclust cost settings set --split weighted --weight web=2 --weight data=1`"


class Split(StrEnum):
    """How shared costs are split.

    The three ways of the FinOps Foundation's guide to shared costs: even, by fixed weights, or in
    proportion to what each consumer costs directly.
    """

    EVEN = "even"
    WEIGHTED = "weighted"
    PROPORTIONAL = "proportional"


@dataclass(frozen=True)
class SharedCosts:
    """Which values of the dimension are shared, and how they are split.

    `shared` are values of the dimension whose costs are split; None among them is what has no
    value. `weights` gives each consumer's weight for Split.WEIGHTED.
    """

    shared: tuple[str | None, ...]
    split: Split = Split.PROPORTIONAL
    weights: Mapping[str, Decimal] | None = None


@dataclass(frozen=True)
class Showback:
    """What one consumer costs in one currency: directly, and by its part of shared costs.

    A consumer of None is what could not be split: shared costs without any consumer.
    """

    consumer: str | None
    currency: str
    direct: Decimal
    shared: Decimal
    total: Decimal


def show_back(
    frame: pd.DataFrame,
    by: str,
    rule: SharedCosts,
    *,
    metric: CostMetric = CostMetric.EFFECTIVE,
) -> list[Showback]:
    """Return each consumer's costs, by currency and name; their totals add up to the frame's.

    Raises InvalidRequest for a missing dimension, and for weights that are negative, all zero, or
    of no consumer.
    """
    summed = sum_by(frame, [by])
    results: list[Showback] = []
    for currency, group in summed.groupby("currency", sort=True):
        costs = {row[by]: row[metric.value] or Decimal(0) for row in records(group)}
        shared = sum((cost for name, cost in costs.items() if name in rule.shared), Decimal(0))
        direct = {name: cost for name, cost in costs.items() if name not in rule.shared}
        consumers = sorted((name for name in direct if name is not None), key=sort_key)
        if rule.split is Split.WEIGHTED:
            consumers = sorted({*consumers, *(rule.weights or {})})
        parts = split_amount(shared, _weights(consumers, direct, rule))
        left = shared - sum(parts.values(), Decimal(0))
        if left or None in direct:
            parts[None] = left
        results += [
            Showback(
                name,
                str(currency),
                direct.get(name, Decimal(0)),
                part,
                direct.get(name, Decimal(0)) + part,
            )
            for name, part in sorted(parts.items(), key=lambda pair: sort_key(pair[0]))
        ]
    return results


def require_weights(rule: SharedCosts) -> None:
    """Raise InvalidRequest unless a rule has the weights that its split needs, and no others."""
    weights = rule.weights or {}
    if rule.split is not Split.WEIGHTED:
        if weights:
            raise InvalidRequest(
                f"The split {rule.split.value!r} has no weights.",
                hint=f"Weights go with the split {Split.WEIGHTED.value!r}.",
            )
        return
    negative = sorted(name for name, weight in weights.items() if weight < 0)
    if negative:
        raise InvalidRequest(
            f"The weight of {', '.join(map(repr, negative))} is less than zero.", hint=_WEIGHTS
        )
    if not any(weights.values()):
        raise InvalidRequest(
            "The split 'weighted' needs a weight of more than zero,"
            f" and {'all are zero' if weights else 'there is none'}.",
            hint=_WEIGHTS,
        )


def split_amount(amount: Decimal, weights: Mapping[str, Decimal]) -> dict[str | None, Decimal]:
    """Return the parts of an amount by weight, which add up to it exactly.

    Each part is cut to 12 digits behind the point; the units that remain go to the parts with the
    largest remainders, equal ones by name. No part for weights that are all zero.
    """
    whole = sum(weights.values(), Decimal(0))
    if not weights or whole == 0:
        return {}
    with localcontext(prec=60):
        exact = {name: amount * weight / whole for name, weight in weights.items()}
        parts: dict[str | None, Decimal] = {
            name: part.quantize(UNIT, rounding=ROUND_DOWN) for name, part in exact.items()
        }
        left = amount - sum(parts.values(), Decimal(0))
        step = UNIT.copy_sign(left)
        order = sorted(exact, key=lambda name: (-abs(exact[name] - (parts[name] or 0)), name))
        for number in range(int(abs(left) / UNIT)):
            parts[order[number % len(order)]] += step
    return parts


def _weights(
    consumers: Sequence[str], direct: Mapping[str | None, Decimal], rule: SharedCosts
) -> dict[str, Decimal]:
    if rule.split is Split.EVEN:
        return dict.fromkeys(consumers, Decimal(1))
    if rule.split is Split.PROPORTIONAL:
        positive = {name: max(direct[name], Decimal(0)) for name in consumers}
        # Without any direct cost no proportion exists, and each gets the same.
        return positive if any(positive.values()) else dict.fromkeys(consumers, Decimal(1))
    require_weights(rule)
    weights = rule.weights or {}
    return {name: weights.get(name, Decimal(0)) for name in consumers}
