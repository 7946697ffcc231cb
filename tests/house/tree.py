"""The files of the project, as version control knows them."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("skyclust", "skyclust_sandbox", "flows", "tasks", "providers", "deployments")


@cache
def files(*suffixes: str) -> tuple[Path, ...]:
    """Return every file that is or could be committed, with one of the suffixes, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(sorted(path for path in paths if path.suffix in suffixes and path.is_file()))


def relative(path: Path) -> str:
    """Return the path as people write it."""
    return path.relative_to(ROOT).as_posix()


def python_files(*packages: str) -> tuple[Path, ...]:
    """Return the modules of the named top-level packages."""
    return tuple(path for path in files(".py") if path.relative_to(ROOT).parts[0] in packages)
