"""The options by which lists of the inventory are filtered."""

from __future__ import annotations

from typing import Annotated

import typer

from skyclust.cli import completion
from skyclust.model.resource import ResourceKind

Credentials = Annotated[
    list[str] | None,
    typer.Option(
        "--credential",
        "-c",
        help="Credential; may be repeated.",
        autocompletion=completion.credentials,
    ),
]
Providers = Annotated[
    list[str] | None,
    typer.Option(
        "--provider",
        "-p",
        help="Provider; may be repeated.",
        autocompletion=completion.providers,
    ),
]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region", "-r", help="Region; may be repeated.", autocompletion=completion.regions
    ),
]
Kinds = Annotated[
    list[ResourceKind] | None, typer.Option("--kind", "-k", help="Kind; may be repeated.")
]
States = Annotated[
    list[str] | None,
    typer.Option("--state", "-s", help="State; may be repeated.", autocompletion=completion.states),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", "-t", metavar="KEY=VALUE", help="Tag; all that are given must match."),
]
AsOf = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="What was there then: 2026-11-23 or 2026-11-23T14:30Z."),
]
Cursor = Annotated[
    str | None, typer.Option(help="The rest of a list, as the command before printed it.")
]
