"""The arguments that name an instance, and the instance that they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from skyclust.cli import completion

if TYPE_CHECKING:
    from skyclust.model.stored import StoredResource

InstanceName = Annotated[
    str,
    typer.Argument(
        metavar="INSTANCE",
        help="Name or id of the instance.",
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
    """Return the one instance of this id or name that the inventory has.

    Raises NotFound when there is none, InvalidRequest when several have the name.
    """
    from skyclust.inventory.instance_lookup import InstanceQuery, find_in_inventory, not_found
    from skyclust.store.engine import open_store

    query = InstanceQuery(named.workspace, named.name, named.credential, named.region)
    instance = find_in_inventory(open_store(), query)
    if instance is None:
        raise not_found(query)
    return instance


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
