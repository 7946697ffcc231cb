"""Which Prefect server a command talks to: PREFECT_API_URL, else the embedded one.

Prefect reads its settings when it is imported, so this happens before any command does.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from skyclust.embedded.environment import without_proxy_on_loopback
from skyclust.embedded.home import close_home
from skyclust.errors import ConfigurationError, SkyClustError, Unavailable
from skyclust.security import auth_string

START_ONE = "Start the embedded one with `skyclust up --detach`, or set PREFECT_API_URL."


def given_api_url() -> str | None:
    """Return the address that the environment names, None when it names none."""
    return os.environ.get("PREFECT_API_URL") or None


def use_embedded_server() -> None:
    """Let this process talk to the embedded server, unless the environment names another.

    Without either Prefect is kept from starting a hidden server of its own. Raises
    ConfigurationError for an auth string that other users may read.
    """
    os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
    # The same for flows that run in this process as for those of a worker.
    os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")
    # On a terminal, Prefect would otherwise announce that it collects usage data.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.update(without_proxy_on_loopback(os.environ))
    home = _home()
    api_url, own = _started(home)
    given = given_api_url()
    if given is not None and (given != api_url or os.environ.get("PREFECT_API_AUTH_STRING")):
        return
    if given is None:
        os.environ["PREFECT_HOME"] = str(home / "prefect")
        os.environ["PREFECT_PROFILES_PATH"] = str(home / "prefect" / "profiles.toml")
    if api_url is not None:
        os.environ["PREFECT_API_URL"] = api_url
    if own:
        # What the environment has is of another server, which this one must not see.
        os.environ.pop("PREFECT_API_AUTH_STRING", None)
        found = auth_string.read(home)
        if found is not None:
            os.environ["PREFECT_API_AUTH_STRING"] = found


def close_home_folder() -> None:
    """Close a home folder that other users can look into, and say so.

    Raises ConfigurationError for one that is meant for every user, or is another user's.
    """
    closed = close_home(_home())
    if closed:
        from skyclust.cli.output import say

        say(closed, style="yellow")


def answering_server() -> bool:
    """Return whether there is a server that commands can use now."""
    try:
        require_server()
    except SkyClustError:
        return False
    return True


def require_server() -> str:
    """Return the address of the server, which answers.

    Raises Unavailable, which ends the command with exit code 7, when there is none, or when who
    answers in the place of the embedded one does not know its auth string: nobody else is to see
    it. Raises ConfigurationError when the file of the auth string is gone.
    """
    from skyclust.embedded.prefect_api import is_ready

    api_url = given_api_url()
    if api_url is None:
        raise Unavailable("No Prefect server is running.", hint=START_ONE)
    if not is_ready(api_url):
        raise Unavailable(f"The Prefect server at {api_url} does not answer.", hint=START_ONE)
    home = _home()
    if _started(home) == (api_url, True):
        _require_own(home, api_url)
    return api_url


def _require_own(home: Path, api_url: str) -> None:
    from skyclust.embedded.prefect_api import proves

    found, path = os.environ.get("PREFECT_API_AUTH_STRING"), auth_string.path_in(home)
    if not found:
        raise ConfigurationError(
            f"The auth string of the Prefect server is missing: {path}.",
            hint="`skyclust up --detach` makes a new one and starts the server anew.",
        )
    if not proves(api_url, found):
        raise Unavailable(
            f"Another program answers at {api_url}, not our Prefect server: it does not know the"
            f" auth string of {path}.",
            hint="`skyclust up --detach` starts the server anew; unset PREFECT_API_AUTH_STRING when"
            " it is set.",
        )


def _home() -> Path:
    # Not by way of Settings: pydantic takes half as long to import as help may take.
    given = os.environ.get("SKYCLUST_HOME")
    return (Path(given) if given else Path.home() / ".skyclust").absolute()


def _started(home: Path) -> tuple[str | None, bool]:
    """Return the address of the server of a home folder, and whether it is its own."""
    try:
        state = json.loads((home / "runtime.json").read_bytes())
        return str(state["api_url"]), state.get("server") is not None
    except (OSError, ValueError, KeyError, TypeError):
        return None, False
