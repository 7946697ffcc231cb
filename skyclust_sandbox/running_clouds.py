"""The local clouds that run in the home folder, as commands name them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from skyclust.errors import InvalidRequest, NotFound
from skyclust_sandbox.processes import (
    CLOUDS,
    SandboxCloud,
    sandbox_status,
)

RunningCloud = Annotated[
    list[str] | None,
    typer.Option("--cloud", help="May be repeated. Default: every cloud that runs."),
]


def home_folder() -> Path:
    """Return the home folder of the installation, which the sandbox clouds belong to."""
    # Help does not wait for pydantic, which takes half as long to import as help may take.
    from skyclust.settings import load_settings

    return load_settings().home


def running_clouds(requested: Sequence[str] | None) -> dict[str, SandboxCloud]:
    """Return the requested clouds, by default all that run.

    Raises NotFound when one does not run.
    """
    running = sandbox_status(home_folder())
    for cloud in requested or ():
        if cloud not in CLOUDS:
            raise InvalidRequest(
                f"There is no sandbox cloud {cloud!r}.", hint=f"Known: {', '.join(CLOUDS)}."
            )
        if cloud not in running:
            raise NotFound(
                f"The sandbox cloud {cloud!r} does not run.",
                hint=f"Start it with `skyclust sandbox up --cloud {cloud}`.",
            )
    if not running:
        raise NotFound("No sandbox cloud runs.", hint="Start them with `skyclust sandbox up`.")
    return {cloud: running[cloud] for cloud in requested or running}
