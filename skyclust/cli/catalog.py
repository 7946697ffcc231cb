"""`skyclust catalog`: what instances can be made of, as a cloud offers it now."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

import typer

from skyclust.cli import completion
from skyclust.cli.columns import column, list_columns
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, Workspace
from skyclust.cli.output import show_list
from skyclust.cli.provider_access import default_region, provider_of
from skyclust.model.architecture import Architecture

app = typer.Typer(no_args_is_help=True)

TYPE_COLUMNS: Final = list_columns(
    "name", "cores", "memory_mib", "architecture", "gpus", "zones", wide=("region",)
)
IMAGE_COLUMNS: Final = (
    # Whole: `instance create --image` takes it, and clouds have images that no inventory lists.
    replace(column("id"), is_id=False, least=0),
    *list_columns("name", "created_at", "architecture", "family", "minimum_disk_gib"),
)

CredentialName = Annotated[
    str,
    typer.Argument(
        metavar="CREDENTIAL", help="Whose account.", autocompletion=completion.credentials
    ),
]
RegionOption = Annotated[
    str | None,
    typer.Option(
        "--region",
        "-r",
        help="Default: the credential's own region.",
        autocompletion=completion.regions,
    ),
]


@app.command("types")
@with_list_options()
def list_types(
    credential: CredentialName,
    *,
    region: RegionOption = None,
    cores: Annotated[int, typer.Option(min=1, help="At least so many.")] = 1,
    memory: Annotated[
        float, typer.Option(min=0, metavar="GIB", help="Memory in GiB, at least.")
    ] = 0,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List the instance types that are available in a region, the smallest first."""
    from skyclust.contract import CatalogProvider
    from skyclust.model.catalog import MIB_PER_GIB

    where = region or default_region(workspace, credential)
    with provider_of(workspace, credential, CatalogProvider) as catalog:
        listed = [each for page in catalog.list_instance_types(where) for each in page]
    types = [
        each for each in listed if each.cores >= cores and each.memory_mib >= memory * MIB_PER_GIB
    ]
    types.sort(key=lambda each: (each.cores, each.memory_mib, each.name))
    rows = [each.model_dump() for each in types]
    show_list(rows, TYPE_COLUMNS, options, title=f"Instance types in {where}")


@app.command()
@with_list_options()
def images(
    credential: CredentialName,
    *,
    family: Annotated[str, typer.Option(help="Distribution and version: ubuntu-24.04, debian-12.")],
    region: RegionOption = None,
    architecture: Annotated[
        Architecture, typer.Option(help="Of the instances.")
    ] = Architecture.X86_64,
    options: ListOptions,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """List the images of a family in a region, the newest first."""
    from skyclust.contract import CatalogProvider

    where = region or default_region(workspace, credential)
    with provider_of(workspace, credential, CatalogProvider) as catalog:
        rows = [one.model_dump() for one in catalog.list_images(where, family, architecture)]
    show_list(rows, IMAGE_COLUMNS, options, title=f"Images of {family} in {where}")
