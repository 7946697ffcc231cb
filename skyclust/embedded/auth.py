"""The auth string of what runs in a home folder."""

from __future__ import annotations

from pathlib import Path

from skyclust.embedded.runtime import Runtime
from skyclust.errors import ConfigurationError
from skyclust.security import auth_string


def auth_of(home: Path, runtime: Runtime) -> str | None:
    """Return the auth string of an installation; None with somebody else's server.

    What that one asks for is in PREFECT_API_AUTH_STRING. Raises ConfigurationError for a file
    that is gone, is open to other users or holds something else.
    """
    if runtime.server is None:
        return None
    found = auth_string.read(home)
    if found is None:
        raise ConfigurationError(
            f"The auth string of the Prefect server is missing: {auth_string.path_in(home)}.",
            hint="`skyclust up` makes a new one and starts the server anew.",
        )
    return found


def knows_auth_string(home: Path, runtime: Runtime) -> bool:
    """Return whether the installation was started with the auth string of its home folder.

    One that an earlier version started has none, and its server answers everybody.
    """
    found = auth_string.read(home)
    return found is not None and runtime.auth == auth_string.fingerprint(found)
