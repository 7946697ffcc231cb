"""`skyclust key`: the encryption key that seals credentials."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace, AsJson
from skyclust.cli.output import show_record
from skyclust.cli.server import require_server

app = typer.Typer(no_args_is_help=True)


@app.command()
def generate(workspace: AnyWorkspace = DEFAULT_WORKSPACE) -> None:
    """Print a new random key for SKYCLUST_ENCRYPTION_KEY; nothing else is changed."""
    from skyclust.security.keyring import generate_key

    typer.echo(generate_key())


@app.command()
def rotate(
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Take keys that seal nothing out of the key file.")
    ] = False,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Seal every credential with the newest key, made now where the home folder holds it.

    Where SKYCLUST_ENCRYPTION_KEY is set, put a new key before the old ones first; this
    command then says which of them are no longer needed.
    """
    require_server()
    from skyclust.orchestration.rotation import rotate_key
    from skyclust.store.engine import open_store

    rotation = rotate_key(open_store(), drop_old=drop_old)
    show_record(asdict(rotation), as_json=as_json)
