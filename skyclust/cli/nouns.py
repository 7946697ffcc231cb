"""The nouns of the command line, each imported when one of its commands is needed.

Seventeen nouns take twice as long to import as a list of one of them takes to answer. So `skyclust
--help` and the completion of a noun import none of ours.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from typer.core import TyperGroup

from skyclust.cli.added_commands import GroupWithAddedCommands, as_group

NOUNS: Final = {
    "inventory": "What exists: sync, list, changes, scopes, prune.",
    "instance": "Instances: create, list, show, start, stop, reboot, resize, tag, "
    "console, delete, seal-user-data.",
    "snapshot": "Snapshots of instances: create, list, restore, delete.",
    "disk": "Disks: attach to an instance, detach from it.",
    "resource": "Disks, addresses and snapshots that nothing uses: delete.",
    "operation": "The journal of changes: list, show, recover, decide.",
    "run": "Flow runs: show, wait.",
    "catalog": "What instances can be made of: types, images.",
    "cost": "What everything costs: collect, import, summary, breakdown, trend, budgets, report.",
    "credential": "Cloud accounts: add, list, verify, remove.",
    "provider": "Clouds: which there are, what they can do.",
    "workspace": "Workspaces: add, list, remove.",
    "audit": "Who did what: list, verify.",
    "key": "The encryption key: generate, rotate.",
    "network": "Private networks that credentials may lead to: allow, list, remove.",
}
"""By noun, which is the name of its module here: its help."""


class Noun(TyperGroup):
    """A noun by its name and its help; `whole` has its commands."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, help=NOUNS[name], rich_markup_mode=None)

    def whole(self) -> Any:
        """Import the noun's module, and return the noun with its commands."""
        name = str(self.name)
        return as_group(import_module(f"skyclust.cli.{name}").app, name, help=NOUNS[name])

    def make_context(self, *given: Any, **options: Any) -> Any:
        """Return the context of the whole noun: whatever follows sees its commands."""
        return self.whole().make_context(*given, **options)


class Program(GroupWithAddedCommands):
    """`skyclust` itself: the commands of the installation, our nouns, and the added ones."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name in NOUNS:
            self.add_command(Noun(name))
