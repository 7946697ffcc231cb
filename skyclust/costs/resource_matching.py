"""Matching the resources of a bill with those of the inventory.

Bills name a resource as its cloud's billing does: AWS by ARN or plain id, Azure by resource id in
any case, Google Cloud by full resource name or number, private clouds by id. A resource of the
inventory is matched by its whole id first, then by the last part of it where that is unambiguous.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from skyclust.model.stored import StoredResource


@dataclass(frozen=True)
class Matches:
    """The resource of the inventory for each id of the bill that has one, and the rest.

    `by_billed_id` has every resource that an id names: several credentials may see one resource.
    `unmatched` are ids of the bill without a resource.
    """

    by_billed_id: Mapping[str, Sequence[StoredResource]]
    unmatched: Sequence[str]

    def billed_ids(self, resource: StoredResource) -> list[str]:
        """Return the ids by which the bill names a resource, sorted."""
        key = _identity(resource)
        return sorted(
            billed
            for billed, resources in self.by_billed_id.items()
            if any(_identity(one) == key for one in resources)
        )


def match_resources(billed: Iterable[str], resources: Iterable[StoredResource]) -> Matches:
    """Return which resource each id of a bill names."""
    whole: dict[str, list[StoredResource]] = {}
    short: dict[str, list[StoredResource]] = {}
    for resource in resources:
        for name in {resource.id, str(resource.attributes.get("unique_id") or resource.id)}:
            whole.setdefault(name.lower(), []).append(resource)
            short.setdefault(last_part(name), []).append(resource)
    found: dict[str, Sequence[StoredResource]] = {}
    unmatched: list[str] = []
    for name in sorted(set(billed)):
        candidates = whole.get(name.lower()) or _only_one(short.get(last_part(name), []))
        if candidates:
            found[name] = candidates
        else:
            unmatched.append(name)
    return Matches(found, unmatched)


def last_part(name: str) -> str:
    """Return the last part of an ARN, a path or a resource name, in lower case."""
    return name.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower()


def _only_one(candidates: Sequence[StoredResource]) -> Sequence[StoredResource]:
    """Return the candidates if they are one resource, however many credentials see it."""
    return candidates if len({_identity(one)[1:] for one in candidates}) == 1 else ()


def _identity(resource: StoredResource) -> tuple[str, str, str, str, str]:
    return (
        resource.credential,
        resource.provider,
        resource.region,
        resource.kind.value,
        resource.id,
    )
