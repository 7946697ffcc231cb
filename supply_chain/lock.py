"""The files of requirements/ as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "requirements"
LOCKS: Final = ("build", "development", "production")

_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class LockError(ValueError):
    """A line of a lock has no exact version or no hash."""


@dataclass(frozen=True, order=True)
class Pin:
    """One package of a lock at one version, with the SHA-256 of each of its files."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    def applies(self, environment: Mapping[str, str]) -> bool:
        """Return whether the package is installed where markers have these values."""
        return not self.marker or Marker(self.marker).evaluate(dict(environment))


def read_lock(path: Path) -> tuple[Pin, ...]:
    """Return the pins of a file as `uv pip compile --generate-hashes` writes it, sorted.

    Raises LockError for a package without exact version or hash, or with a URL.
    """
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    entries = "\n".join(lines).replace("\\\n", " ").splitlines()
    return tuple(sorted(_pin(entry, path) for entry in entries if entry.strip()))


def _pin(entry: str, path: Path) -> Pin:
    text = entry.partition(" --hash")[0].strip()
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise LockError(f"{path.name}: {text} is no requirement") from error
    operators = [one.operator for one in requirement.specifier]
    hashes = tuple(sorted(_HASH.findall(entry)))
    if requirement.url or operators != ["=="] or not hashes:
        raise LockError(f"{path.name}: {text} has no exact version or no hash")
    (version,) = (one.version for one in requirement.specifier)
    marker = str(requirement.marker) if requirement.marker else ""
    return Pin(canonicalize_name(requirement.name), version, marker, hashes)


def image_environment(python: str) -> dict[str, str]:
    """Return the values of markers in the image, whose CPython is `python`, like "3.11.16"."""
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": "linux",
        "extra": "",
    }
