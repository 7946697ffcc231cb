"""docker-compose.yml as data: parsed, merged and interpolated as Compose does it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
COMPOSE_FILE: Final = ROOT / "docker-compose.yml"

# The one form of interpolation that the file uses; any other `$` is refused below.
_VARIABLE: Final = re.compile(r"\$\{(?P<name>[A-Z_]+):-(?P<default>[^}]*)\}")

Document = dict[str, Any]


def load(variables: Mapping[str, str] | None = None) -> Document:
    """Return the file with anchors merged and `${NAME:-default}` replaced from `variables`."""
    values = variables or {}
    text = _VARIABLE.sub(
        lambda match: values.get(match["name"]) or match["default"], COMPOSE_FILE.read_text()
    )
    if "$" in text:
        message = f"{COMPOSE_FILE.name} interpolates in a form that the tests do not know."
        raise ValueError(message)
    document: Document = yaml.safe_load(text)
    return document


def services(document: Document) -> dict[str, Document]:
    """Return the services by name."""
    found: dict[str, Document] = document["services"]
    return found


def is_one_shot(service: Document) -> bool:
    """Return whether the service ends by itself (a migration) instead of running on."""
    return bool(service.get("restart") == "no")


def environment(service: Document) -> dict[str, str]:
    """Return the environment of a service; every value must be a string already."""
    return dict(service.get("environment", {}))
