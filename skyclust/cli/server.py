"""Which Prefect server a command talks to: PREFECT_API_URL, else the embedded one.

Prefect reads its settings when it is imported, so this happens before any command does.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from skyclust.embedded.environment import without_proxy_on_loopback
from skyclust.embedded.home import close_home
from skyclust.errors import Unavailable

START_ONE = "Start the embedded one with `skyclust up --detach`, or set PREFECT_API_URL."


def given_api_url() -> str | None:
    """Return the address that the environment names, None when it names none."""
    return os.environ.get("PREFECT_API_URL") or None


def use_embedded_server() -> None:
    """Let this process talk to the embedded server, unless the environment names another.

    Without either Prefect is kept from starting a hidden server of its own.
    """
    os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
    # The same for flows that run in this process as for those of a worker.
    os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")
    os.environ.update(without_proxy_on_loopback(os.environ))
    if given_api_url() is not None:
        return
    home = _home()
    os.environ["PREFECT_HOME"] = str(home / "prefect")
    os.environ["PREFECT_PROFILES_PATH"] = str(home / "prefect" / "profiles.toml")
    api_url = _embedded_api_url(home)
    if api_url is not None:
        os.environ["PREFECT_API_URL"] = api_url


def close_home_folder() -> None:
    """Close a home folder that other users can look into, and say so.

    Raises ConfigurationError for one that is meant for every user, or is another user's.
    """
    closed = close_home(_home())
    if closed:
        from skyclust.cli.output import say

        say(closed, style="yellow")


def require_server() -> str:
    """Return the address of the server, which answers.

    Raises Unavailable, which ends the command with exit code 7, when there is none.
    """
    from skyclust.embedded.prefect_api import is_ready

    api_url = given_api_url()
    if api_url is None:
        raise Unavailable("No Prefect server is running.", hint=START_ONE)
    if not is_ready(api_url):
        raise Unavailable(f"The Prefect server at {api_url} does not answer.", hint=START_ONE)
    return api_url


def _home() -> Path:
    # Not by way of Settings: pydantic-settings takes longer to import than help may take.
    given = os.environ.get("SKYCLUST_HOME")
    return (Path(given) if given else Path.home() / ".skyclust").absolute()


def _embedded_api_url(home: Path) -> str | None:
    try:
        state = json.loads((home / "runtime.json").read_bytes())
        return str(state["api_url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
