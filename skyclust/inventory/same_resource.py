"""One resource that several credentials see: which records are certainly of the same one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from skyclust.model.stored import StoredResource

_WORLDWIDE: Final = re.compile(
    r"""
      (?:[a-z]+-)*[0-9a-f]{17}                                    # EC2
    | .*(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f]).*  # has a UUID
    | .*/[0-9]{15,}                                               # an instance of Compute Engine
    """,
    re.VERBOSE,
)
"""Ids that no two clouds give: at random, or with the UUID of the subscription they are in."""


@dataclass(frozen=True)
class SharedResource:
    """A resource and the credentials that see it, sorted.

    `resource` is the record that was observed last; of several that is the most recent truth.
    """

    resource: StoredResource
    credentials: tuple[str, ...]


def group_shared(
    resources: Iterable[StoredResource], accounts: Mapping[str, str | None]
) -> list[SharedResource]:
    """Return the resources in their order, each once; `accounts` are those of the credentials.

    Two records are of the same resource when provider, account, region, kind, id and, of an
    instance, unique id are the same, and the id is of a form that is unique in the world. A VMID
    of Proxmox VE or a name is not: two clusters may have one name and the same VMIDs, and a
    restored backup the same unique id. A credential that was never verified has no account, so
    that what it sees stays by itself.
    """
    groups: dict[object, list[StoredResource]] = {}
    for number, resource in enumerate(resources):
        identity = _identity(resource, accounts.get(resource.credential))
        groups.setdefault(number if identity is None else identity, []).append(resource)
    return [
        SharedResource(
            resource=max(group, key=lambda each: each.observed_at),
            credentials=tuple(sorted({each.credential for each in group})),
        )
        for group in groups.values()
    ]


def _identity(resource: StoredResource, account: str | None) -> tuple[object, ...] | None:
    """Return what only records of this very resource have in common; None if nothing is."""
    if not account or not _WORLDWIDE.fullmatch(resource.id):
        return None
    unique_id = resource.attributes.get("unique_id")
    return (
        resource.provider,
        account,
        resource.region,
        resource.kind,
        resource.id,
        unique_id if isinstance(unique_id, str) else None,
    )
