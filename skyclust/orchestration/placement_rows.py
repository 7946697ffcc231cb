"""What a ranking of places shows in the Prefect UI. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from skyclust.model.placement import PlacePrice, Ranked
from skyclust.orchestration.artifacts import MOST_ARTIFACT_ROWS, Row


def placement_rows(ranking: Sequence[Ranked]) -> list[Row]:
    """Return a row for each place of a ranking, in its order, with the reason."""
    return [
        {
            "order": number if ranked.spec else None,
            "standing": ranked.standing.value,
            "credential": ranked.place.credential,
            "region": ranked.region,
            "reason": ranked.reason,
            "type": ranked.spec.type if ranked.spec else "",
            "price an hour": _price(ranked.price),
            "cores": ranked.cores,
            "memory GiB": f"{ranked.memory_gib:g}" if ranked.memory_gib else "",
            "zone": ranked.place.zone or "",
            "provider": ranked.provider,
            "image": ranked.image_name or "",
        }
        for number, ranked in enumerate(ranking[:MOST_ARTIFACT_ROWS], start=1)
    ]


def _price(price: PlacePrice | None) -> str:
    return f"{price.hourly.normalize():f} {price.currency}" if price else ""
