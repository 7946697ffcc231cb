"""Writes the skeleton of a provider's package, with its conformance test wired.

The skeleton is whole: it lists the servers of a small JSON API, its tests serve that API on a
loopback port, and they pass before a line is changed. Its author then puts the own cloud's
API in the place of that one, module by module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Final

from skyclust import __version__
from skyclust.contract import CONTRACT_VERSION
from skyclust.errors import InvalidRequest

NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""What the conformance suite asks of a provider's name, without a dash at either end."""

RESERVED: Final = frozenset({"skyclust", "test", "tests"})
_SUFFIX: Final = ".template"


def write_provider_package(name: str, folder: Path, *, title: str | None = None) -> list[Path]:
    """Write the package of a provider into a new folder and return the files written.

    Raises InvalidRequest for a name that no provider can have, and for a folder that is
    there already and not empty: nothing is ever overwritten.
    """
    if not NAME.fullmatch(name) or name in RESERVED:
        raise InvalidRequest(
            f"A provider cannot be called {name!r}.",
            hint="Take lowercase letters, digits and dashes, a letter first: `nimbus`.",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidRequest(
            f"{folder} is there already and not empty.", hint="Name another folder, or empty it."
        )
    words = _words(name, title)
    return sorted(_write(files("skyclust.scaffolding") / "package", folder, words))


def _words(name: str, title: str | None) -> dict[str, str]:
    module = name.replace("-", "_")
    stem = "".join(part.capitalize() for part in name.split("-"))
    return {
        "name": name,
        "module": f"skyclust_{module}",
        "distribution": f"skyclust-{name}",
        "stem": stem,
        "title": title or stem,
        "contract_version": str(CONTRACT_VERSION),
        "skyclust_version": __version__,
    }


def _write(source: Traversable, target: Path, words: Mapping[str, str]) -> list[Path]:
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for entry in source.iterdir():
        name = Template(entry.name.replace("MODULE", "${module}")).substitute(words)
        if entry.is_dir():
            written += _write(entry, target / name, words)
        elif name.endswith(_SUFFIX):
            path = target / name.removesuffix(_SUFFIX)
            path.write_text(Template(entry.read_text("utf-8")).substitute(words), "utf-8")
            written.append(path)
    return written
