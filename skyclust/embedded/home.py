"""The home folder of an installation: what lies there, for its owner alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from skyclust.file_modes import close_to_others, make_private_folder

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

    Returns the files and folders that were open to others. Raises ConfigurationError for a home
    that is meant for every user, and for what belongs to another user.
    """
    make_private_folder(home)
    return close_to_others(home / name for name in OWN)
