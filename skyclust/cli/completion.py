"""Values that a shell completes: names of the store, providers, kinds.

They come from clouds, where anybody may have written them, and a shell inserts them as they are
into a line that it executes. So only texts without any character that a shell reads as more than
itself are completed: an instance of another name is completed by its id. Whatever goes wrong, a
shell that waits for a key gets no values, and no message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import typer

MOST: Final = 100
"""Values that one key offers."""

_FIT: Final = re.compile(r"[A-Za-z0-9_/.][A-Za-z0-9_/.@+,-]*")
"""No quote, blank, `$`, `` ` ``, `;`, `*` or `~`; no `:` or `=`, at which bash divides words; no
`-` at the beginning, where it makes an option."""


def workspaces(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the workspaces that begin so."""
    return _fit(_first(ctx, "workspaces", incomplete, of_workspace=False), incomplete)


def credentials(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the credentials of the workspace that begin so."""
    return _fit(_first(ctx, "credentials", incomplete), incomplete)


def places(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the credentials that begin so, and each with its regions."""
    names = _first(ctx, "credentials", incomplete)
    return _fit([*names, *_first(ctx, "places", incomplete)], incomplete)


def regions(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the regions of the workspace's inventory that begin so."""
    return _fit(_first(ctx, "regions", incomplete), incomplete)


def states(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the states of the workspace's resources that begin so."""
    return _fit(_first(ctx, "states", incomplete), incomplete)


def instances(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the instances of the workspace that begin so: by name, else by id."""
    rows = _rows(ctx, "instances", incomplete)
    names = [name for name, _ in rows]
    by_name = [
        name if _FIT.fullmatch(name) and names.count(name) == 1 else identity
        for name, identity in rows
    ]
    by_id = _first(ctx, "instance ids", incomplete) if incomplete else ()
    return _fit([*by_name, *by_id], incomplete)


def operations(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the ids of the workspace's operations that begin so, the newest first."""
    return _fit(_first(ctx, "operations", incomplete), incomplete)


def open_operations(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the ids of the workspace's open operations that begin so, the newest first."""
    return _fit(_first(ctx, "open operations", incomplete), incomplete)


def operation_kinds(incomplete: str) -> list[str]:
    """Return the kinds of operations that begin so."""
    from skyclust.model.instance_action import InstanceAction

    return _fit([action.value for action in InstanceAction], incomplete)


def providers(incomplete: str) -> list[str]:
    """Return the installed providers that begin so, importing none of them."""
    from skyclust.registry import provider_names

    return _fit(provider_names(), incomplete)


def _fit(values: Iterable[str], incomplete: str) -> list[str]:
    """Return each value once that is fit for a shell and begins so, at most `MOST`."""
    fit = [
        value
        for value in dict.fromkeys(values)
        if value.startswith(incomplete) and _FIT.fullmatch(value)
    ]
    return fit[:MOST]


def _first(
    ctx: typer.Context, what: str, incomplete: str, *, of_workspace: bool = True
) -> Iterator[str]:
    for row in _rows(ctx, what, incomplete, of_workspace=of_workspace):
        yield row[0]


def _rows(
    ctx: typer.Context, what: str, incomplete: str, *, of_workspace: bool = True
) -> list[tuple[str, ...]]:
    """Return what the store has of the line's workspace; [] when it cannot be read."""
    from skyclust.settings import load_settings
    from skyclust.store.completion import read_names

    workspace = str(ctx.params["workspace"]) if of_workspace else None
    try:
        return read_names(load_settings().store_url(), what, incomplete, workspace)
    except Exception:  # any error of a setting or a driver: a shell has nobody to tell
        return []
