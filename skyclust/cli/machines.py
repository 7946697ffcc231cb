"""Looking machines up for commands: the one that a name means, and where a new one goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli.running import Shown
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.resource import ResourceKind

if TYPE_CHECKING:
    from skyclust.model.stored import StoredResource

OPERATIONS: Final = {
    "operations": Shown(
        "Operations",
        ("machine", "id", "action", "credential", "region", "state", "error", "operation"),
    )
}

PLACEMENT: Final = {
    "placement": Shown(
        "Placement",
        ("order", "standing", "credential", "region", "type", "cores", "memory GiB", "reason"),
    )
}

Machine = Annotated[str, typer.Argument(metavar="MACHINE", help="Name or id of the machine.")]
Credential = Annotated[
    str | None, typer.Option("--credential", "-c", help="Only with this credential.")
]
Region = Annotated[str | None, typer.Option("--region", "-r", help="Only in this region.")]
Wait = Annotated[float, typer.Option(min=0.1, max=240, help="Minutes to wait for the machine.")]


@dataclass(frozen=True)
class Place:
    """Where to look for a machine; None looks everywhere."""

    workspace: str
    credential: str | None
    region: str | None


def find_machine(name: str, place: Place) -> StoredResource:
    """Return the one machine of this id or name that the inventory knows in this place.

    Raises NotFound when there is none, InvalidRequest when several bear the name.
    """
    from skyclust.store import resources, workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, place.workspace)
        by_id, by_name = (
            resources.find(
                connection,
                place.workspace,
                kinds=[ResourceKind.INSTANCE],
                credentials=[place.credential] if place.credential else None,
                regions=[place.region] if place.region else None,
                ids=ids,
                names=names,
            )
            for ids, names in (([name], None), (None, [name]))
        )
    found = by_id or by_name
    if not found:
        raise NotFound(
            f"The inventory of workspace {place.workspace!r} knows no machine {name!r}.",
            hint="Read the clouds anew with `skyclust inventory sync`, or name its --credential"
            " and --region to have the cloud itself asked.",
        )
    if len(found) > 1:
        places = "; ".join(f"{one.id} ({one.credential}, {one.region})" for one in found[:5])
        raise InvalidRequest(
            f"{len(found)} machines are called {name!r}: {places}.",
            hint="Say which one by its id, or with --credential and --region.",
        )
    return found[0]


@dataclass(frozen=True)
class Located:
    """Where the cloud itself can be asked about a machine."""

    credential: str
    region: str
    id: str


def locate(name: str, place: Place) -> Located:
    """Return where a machine is; one that the inventory does not know is taken for an id.

    The latter needs credential and region. Raises NotFound and InvalidRequest as
    `find_machine` does.
    """
    try:
        machine = find_machine(name, place)
    except NotFound:
        if place.credential and place.region:
            return Located(place.credential, place.region, name)
        raise
    return Located(machine.credential, machine.region, machine.id)


def machine_row(machine: StoredResource) -> dict[str, Any]:
    """Return a machine's fields, and its attributes beside them."""
    record = machine.model_dump(exclude={"workspace_id", "attributes", "kind"})
    return record | {key: one for key, one in machine.attributes.items() if key not in record}


def default_region(workspace: str, credential: str) -> str:
    """Return the region of a credential's own; raises InvalidRequest when it names none."""
    from skyclust.cli.server import require_server
    from skyclust.store import credentials
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        record = credentials.get(connection, workspace, credential)
    require_server()
    from skyclust.orchestration import documents
    from skyclust.registry import provider_class

    document = documents.read(record.provider, record.block_name)
    model = provider_class(record.provider).credential_model
    values = model.by_field_names(document.values) if document else {}
    region = values.get(model.region_field)
    if not isinstance(region, str):
        raise InvalidRequest(
            f"Credential {credential!r} has no default region.", hint="Say where with --region."
        )
    return region
