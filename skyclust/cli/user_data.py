"""Sealing user data in the process that was given it, before anything is created."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from skyclust.cli.inputs import read_text
from skyclust.cli.options import DEFAULT_WORKSPACE, Workspace
from skyclust.errors import InvalidRequest


def sealed_user_data(file: Path | None, workspace: str) -> str | None:
    """Return the content of a file, sealed for the instances of a workspace; None for no file.

    Raises InvalidRequest for a file that is no user data, and ConfigurationError without a key.
    """
    text = read_text(file, "--user-data")
    return None if text is None else _sealed(text, workspace)


def seal_user_data(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="cloud-init data; - reads standard input.")
    ],
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Print user data sealed, for the field of that name in the form of the Prefect UI.

    It opens for instances of this workspace alone.
    """
    if file == "-":
        try:
            text = sys.stdin.read()
        except UnicodeDecodeError as error:
            raise InvalidRequest("Standard input is not UTF-8 text.") from error
    else:
        text = read_text(Path(file), "FILE") or ""
    typer.echo(_sealed(text, workspace))


def _sealed(text: str, workspace: str) -> str:
    from skyclust.security.keyring import load_keyring
    from skyclust.security.user_data import seal_user_data as seal
    from skyclust.store import workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
    return seal(load_keyring(), text, workspace)
