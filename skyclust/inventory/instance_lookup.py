"""Finding the one instance that has an id or a name, in the inventory or in the cloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from skyclust.contract import ComputeProvider, InventoryProvider, Provider
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference, InstanceState
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.stored import StoredResource
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.registry import capability
from skyclust.store import resources, workspaces
from skyclust.store.engine import Store

_MOST_NAMED = 5
"""Instances that an error names."""


@dataclass(frozen=True)
class InstanceQuery:
    """An instance's id or name, and where to look for it; None looks everywhere."""

    workspace: str
    name: str
    credential: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class InstanceLocation:
    """Where an instance is, its ids and its name; `unique_id` is empty while it is unknown."""

    credential: str
    region: str
    id: str
    unique_id: str
    name: str

    @property
    def reference(self) -> InstanceReference:
        """Return the reference by which a provider changes this very instance."""
        return InstanceReference(region=self.region, id=self.id, unique_id=self.unique_id)


def find_in_inventory(store: Store, query: InstanceQuery) -> StoredResource | None:
    """Return the one instance of this id, else of this name; None when there is none.

    Raises NotFound for an unknown workspace, InvalidRequest when several have the name.
    """
    with store.reading() as connection:
        workspaces.get(connection, query.workspace)
        by_id, by_name = (
            resources.find(
                connection,
                query.workspace,
                kinds=[ResourceKind.INSTANCE],
                credentials=[query.credential] if query.credential else None,
                regions=[query.region] if query.region else None,
                ids=ids,
                names=names,
            )
            for ids, names in (([query.name], None), (None, [query.name]))
        )
    matching = [instance for instance in by_id or by_name if _matches(query, instance)]
    _refuse_several(query, [(each.credential, each) for each in matching])
    return matching[0] if matching else None


def find_in_cloud(
    provider: Provider, query: InstanceQuery, credential: str, region: str
) -> InstanceLocation:
    """Return the one instance of this id, else of this name, as the cloud lists it.

    Raises NotFound when there is none, InvalidRequest when several have the name.
    """
    inventory = capability(provider, InventoryProvider)
    with provider_errors(provider.name, f"look for instance {query.name!r} in {region}"):
        pages = list(inventory.list_resources(region, ResourceKind.INSTANCE))
    listed = [resource for page in pages for resource in page if _matches(query, resource)]
    matching = [resource for resource in listed if resource.id == query.name] or listed
    _refuse_several(query, [(credential, resource) for resource in matching])
    if not matching:
        raise not_found(query)
    return location_of(credential, matching[0])


def with_unique_id(provider: Provider, location: InstanceLocation) -> InstanceLocation:
    """Return the location with the unique id, read from the cloud.

    Inventories of older versions lack it.
    """
    with provider_errors(provider.name, f"read instance {location.id} in {location.region}"):
        compute = capability(provider, ComputeProvider)
        instance = compute.get_instance(location.region, location.id)
    return replace(location, unique_id=instance.unique_id)


def location_of(credential: str, resource: Resource) -> InstanceLocation:
    """Return where the instance of an inventory record is."""
    unique_id = resource.attributes.get("unique_id")
    return InstanceLocation(
        credential,
        resource.region,
        resource.id,
        unique_id if isinstance(unique_id, str) else "",
        resource.name,
    )


def not_found(query: InstanceQuery) -> NotFound:
    """Return the error of an instance that does not exist."""
    where = f" in {query.region}" if query.region else ""
    return NotFound(
        f"There is no instance {query.name!r}{where} in workspace {query.workspace!r}.",
        hint="Read the clouds again with `skyclust inventory sync`, or name its credential and"
        " region to look in the cloud itself.",
    )


def _refuse_several(query: InstanceQuery, matching: Sequence[tuple[str, Resource]]) -> None:
    """Raise InvalidRequest for more than one instance, each with its credential.

    The error has a line for each: its id, which every command takes, then where and how it is.
    """
    if len(matching) <= 1:
        return
    lines = _aligned(
        [
            (resource.id, credential, resource.region, resource.state or "")
            for credential, resource in matching[:_MOST_NAMED]
        ]
    )
    if len(matching) > _MOST_NAMED:
        lines.append(f"and {len(matching) - _MOST_NAMED} more")
    credential, first = matching[0]
    # One instance is seen by several credentials, and two clouds may give out the same id.
    shared = len({resource.id for _, resource in matching}) < len(matching)
    where = f" --credential {credential} --region {first.region}" if shared else ""
    raise InvalidRequest(
        "\n  ".join([f"{len(matching)} instances are called {query.name!r}:", *lines]),
        hint=f"Name one of them by its id, for example {first.id}{where}",
    )


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the rows as lines in which each column begins at the same place."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _matches(query: InstanceQuery, resource: Resource) -> bool:
    exists = resource.state != InstanceState.DELETED
    return exists and query.name in {resource.id, resource.name}
