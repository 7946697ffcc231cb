"""Matching the resources of a bill with those of the inventory.

Bills name a resource as its cloud's billing does: AWS by ARN or plain id, Azure by resource id in
any case, Google Cloud by full resource name with the number at its end, private clouds by id. A
resource of the inventory is matched by its whole id or unique id first, then by the last part of
it where that is one resource of the provider, and of the kind that the billed id shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from skyclust.costs.billed_ids import BilledId, last_part
from skyclust.model.resource import ResourceKind
from skyclust.model.stored import StoredResource

ResourceKey = tuple[str, str, str, str]
"""Credential, region, kind and id."""


@dataclass(frozen=True)
class Matches:
    """The resources of the inventory for each id of the bill that has some, and the other ids.

    Several credentials may see one resource, so that an id has several records of it.
    `billed_ids` are the ids by resource.
    """

    resources: Mapping[BilledId, Sequence[StoredResource]]
    billed_ids: Mapping[ResourceKey, Sequence[BilledId]]
    unmatched: Sequence[BilledId]


def resource_key(resource: StoredResource) -> ResourceKey:
    """Return what names a resource within its workspace."""
    return (resource.credential, resource.region, resource.kind.value, resource.id)


def match_resources(billed: Iterable[BilledId], resources: Iterable[StoredResource]) -> Matches:
    """Return which resource each id of a bill names."""
    whole: dict[tuple[str, str], list[StoredResource]] = {}
    short: dict[tuple[str, str], list[StoredResource]] = {}
    for resource in resources:
        unique = resource.attributes.get("unique_id")
        names = {resource.id, str(unique or resource.id)}
        for name in {each.lower() for each in names}:
            whole.setdefault((resource.provider, name), []).append(resource)
        for name in {last_part(each) for each in names}:
            short.setdefault((resource.provider, name), []).append(resource)
    found: dict[BilledId, Sequence[StoredResource]] = {}
    by_resource: dict[ResourceKey, list[BilledId]] = {}
    unmatched: list[BilledId] = []
    for one in sorted(set(billed), key=lambda each: (each.provider, each.id, each.type or "")):
        candidates = _one_resource(
            whole.get((one.provider, one.id.lower()), ()), one.kind
        ) or _one_resource(short.get((one.provider, one.last_part), ()), one.kind)
        if not candidates:
            unmatched.append(one)
            continue
        found[one] = candidates
        for resource in candidates:
            by_resource.setdefault(resource_key(resource), []).append(one)
    return Matches(found, by_resource, unmatched)


def _one_resource(
    candidates: Sequence[StoredResource], kind: ResourceKind | None
) -> Sequence[StoredResource]:
    """Return the candidates of a kind if they are one resource, however many credentials see it."""
    of_kind = [one for one in candidates if kind is None or one.kind is kind]
    return of_kind if len({(one.region, one.kind, one.id) for one in of_kind}) == 1 else ()
