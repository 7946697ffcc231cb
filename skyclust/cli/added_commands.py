"""Commands of other packages: each entry point of the group `skyclust.commands` is a noun.

The sandbox adds its commands so, and any distribution may. The command line works on when one of
them cannot be loaded: that noun alone says why.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Final

import typer

from skyclust.errors import ConfigurationError

GROUP: Final = "skyclust.commands"


def add_installed_commands(app: typer.Typer) -> None:
    """Add the noun of every entry point of the group, sorted by name.

    An entry point whose name the command line has already adds nothing: an installed package
    must not replace a command of ours.
    """
    own = {group.name for group in app.registered_groups}
    own |= {command.name for command in app.registered_commands}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if entry.name in own:
            continue
        own.add(entry.name)
        try:
            app.add_typer(_loaded(entry), name=entry.name)
        except Exception as error:  # another package's module may fail in any way
            _add_broken(app, entry, f"{type(error).__name__}: {error}")


def _loaded(entry: EntryPoint) -> typer.Typer:
    loaded = entry.load()
    if not isinstance(loaded, typer.Typer):
        raise TypeError(f"{entry.value} is not a typer.Typer")
    return loaded


def _add_broken(app: typer.Typer, entry: EntryPoint, problem: str) -> None:
    """Add a command in place of the noun, whose every use raises ConfigurationError."""
    owner = entry.dist.name if entry.dist else "an unknown distribution"

    @app.command(
        entry.name,
        help=f"Cannot be loaded from {owner}.",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def refuse() -> None:
        raise ConfigurationError(
            f"The commands of `skyclust {entry.name}` cannot be loaded from {owner}: {problem}",
            hint=f"Install or remove {owner}.",
        )
