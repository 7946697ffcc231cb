"""The home folder of an installation: what lies there, for its owner alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from skyclust.file_modes import close_folder, close_to_others, make_private_folder

OWN: Final = (
    "runtime.json",
    "runtime.lock",
    "sandbox.json",
    "sandbox.lock",
    "skyclust.db",
    "skyclust.db-shm",
    "skyclust.db-wal",
    "logs",
    "prefect",
)
"""What an installation writes to its home folder. Key files are not among them: one that others
could read has to be replaced, so it is refused where it is read (skyclust.security.keyfile)."""


def prepare_home(home: Path) -> list[Path]:
    """Make the home folder, or close it and what is ours in it to other users.

    Returns the files and folders that were open to others, the home among them. Raises
    ConfigurationError for a home that is meant for every user, and for what belongs to another
    user.
    """
    was_open = make_private_folder(home) is not None
    closed = close_to_others(home / name for name in OWN)
    return [home, *closed] if was_open else closed


def close_home(home: Path) -> str | None:
    """Close a home folder that others can look into, and return a sentence about it.

    None when there is no such folder, or it is closed already. Raises as `prepare_home` does.
    """
    if not home.is_dir():
        return None
    mode = close_folder(home)
    return None if mode is None else f"Closed to other users of this machine: {home} ({mode:04o})"


def named(closed: Sequence[Path], home: Path) -> str:
    """Return the names of what was closed; of what lies within a folder, how much that is."""
    paths = [one.relative_to(home) for one in closed if one != home]
    parts = Counter(path.parts[0] for path in paths)
    names = [
        f"{name} ({count} files and folders)" if count > 1 else name
        for name, count in parts.items()
    ]
    return ", ".join([str(home)] * (home in closed) + names)
