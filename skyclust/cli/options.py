"""The options that many commands share."""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from skyclust.cli import completion

_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def _slug(value: str) -> str:
    if len(value) > 40 or not _SLUG.fullmatch(value):
        raise typer.BadParameter(
            f"{value!r} is no workspace id: lowercase letters, digits and single dashes,"
            " at most 40 characters."
        )
    return value


Workspace = Annotated[
    str,
    typer.Option(
        "--workspace",
        "-w",
        metavar="WORKSPACE",
        envvar="SKYCLUST_WORKSPACE",
        callback=_slug,
        help="The workspace to work in.",
        autocompletion=completion.workspaces,
    ),
]

AnyWorkspace = Annotated[
    str,
    typer.Option(
        "--workspace", "-w", metavar="WORKSPACE", help="Taken as everywhere; makes no difference."
    ),
]
"""For commands about the installation, which all workspaces share."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]

Local = Annotated[
    bool,
    typer.Option("--local", help="Run in this process, not by a worker of the deployment."),
]

NoWait = Annotated[
    bool,
    typer.Option(
        "--no-wait",
        help="Trigger the run and print its id; `skyclust run wait ID` waits for its end.",
    ),
]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

DEFAULT_WORKSPACE: Final = "default"
