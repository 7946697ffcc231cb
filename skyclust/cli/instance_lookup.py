"""The arguments that name an instance, and the instance that they name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from skyclust.cli import completion
from skyclust.cli.output import say

if TYPE_CHECKING:
    from skyclust.model.stored import StoredResource

InstanceName = Annotated[
    str,
    typer.Argument(
        metavar="INSTANCE",
        help="Name or id of the instance, or a short form of it.",
        autocompletion=completion.instances,
    ),
]
Credential = Annotated[
    str | None,
    typer.Option(
        "--credential",
        "-c",
        help="Only with this credential.",
        autocompletion=completion.credentials,
    ),
]
Region = Annotated[
    str | None,
    typer.Option("--region", "-r", help="Only in this region.", autocompletion=completion.regions),
]
Wait = Annotated[float, typer.Option(min=0.1, max=240, help="Minutes to wait for the instance.")]


@dataclass(frozen=True)
class NamedInstance:
    """An instance as a command names it; credential and region narrow the search."""

    workspace: str
    name: str
    credential: str | None
    region: str | None


@dataclass(frozen=True)
class Located:
    """Where the cloud itself can be called about an instance."""

    credential: str
    region: str
    id: str


def find_instance(named: NamedInstance) -> StoredResource:
    """Return the one instance of this id, name or short id that the inventory has.

    Raises NotFound when there is none, InvalidRequest when it may be several.
    """
    from skyclust.inventory.instance_lookup import InstanceQuery, find_in_inventory, not_found
    from skyclust.inventory.short_id_lookup import instance_by_short_id
    from skyclust.store.engine import open_store

    store = open_store()
    query = InstanceQuery(named.workspace, named.name, named.credential, named.region)
    instance = find_in_inventory(store, query) or instance_by_short_id(store, query)
    if instance is None:
        raise not_found(query)
    return instance


def with_whole_id(named: NamedInstance) -> NamedInstance:
    """Return what names the instance by its whole id, which is said, if a short form was given.

    An id or a name stays as it is, also one that the inventory does not have. Raises
    InvalidRequest when it may be several.
    """
    from skyclust.errors import NotFound

    try:
        instance = find_instance(named)
    except NotFound:
        return named
    if named.name in {instance.id, instance.name}:
        return named
    say(
        f"Instance {instance.name or 'without a name'}, {instance.id},"
        f" of {instance.credential} in {instance.region}",
        style="dim",
    )
    return replace(named, name=instance.id, credential=instance.credential, region=instance.region)


def locate_instance(named: NamedInstance) -> Located:
    """Return where an instance is; a name that the inventory does not have counts as an id.

    The latter needs credential and region. Raises NotFound and InvalidRequest as
    `find_instance` does.
    """
    from skyclust.errors import NotFound

    try:
        instance = find_instance(named)
    except NotFound:
        if named.credential and named.region:
            return Located(named.credential, named.region, named.name)
        raise
    return Located(instance.credential, instance.region, instance.id)
