"""Prefect's settings of logging, with the loggers held that write down how others sign in.

Prefect reads `logging.yml` of its home, where there is one, in each of its processes: server,
worker and flow runs. A root logger at DEBUG would make websockets and httpcore write the auth
string of the server, and the SDKs of clouds what signs their requests.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import yaml

from skyclust.errors import ConfigurationError
from skyclust.file_modes import make_private_folder, replace_private
from skyclust.redaction import HTTP_LOGGERS, SDK_LOGGERS

FILE_NAME: Final = "logging.yml"


def logging_settings() -> dict[str, Any]:
    """Return the logging settings of the installed Prefect, and ours for loggers of libraries.

    Raises ConfigurationError when Prefect is not installed as it should be.
    """
    found = find_spec("prefect")
    folders = found.submodule_search_locations if found else None
    path = Path(next(iter(folders or ()), "")) / "logging" / FILE_NAME
    try:
        settings: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"Prefect's logging settings cannot be read: {error}.") from error
    loggers: dict[str, Any] = settings.setdefault("loggers", {})
    for name in SDK_LOGGERS:
        loggers.setdefault(name, {"level": "WARNING" if name in HTTP_LOGGERS else "INFO"})
    return settings


def write_logging_settings(folder: Path) -> None:
    """Write the logging settings to Prefect's home, in the place of those of an earlier version."""
    make_private_folder(folder)
    replace_private(folder / FILE_NAME, yaml.safe_dump(logging_settings(), sort_keys=False))


if __name__ == "__main__":
    write_logging_settings(Path(sys.argv[1]))
