"""The few questions that starting and stopping ask the Prefect API, over plain HTTP.

Prefect's own client takes a second to import, and `skyclust status` answers at once.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import urllib.error
import urllib.request
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from skyclust.embedded.environment import LOOPBACK_HOSTS
from skyclust.errors import AuthenticationFailed, NotFound, Unavailable

TIMEOUT_SECONDS: Final = 15.0
LOOPBACK: Final = "127.0.0.1"


def is_ready(api_url: str) -> bool:
    """Return whether the server answers and reaches its database."""
    try:
        ask(api_url, "/ready")
    except Unavailable:
        return False
    return True


def server_home(api_url: str) -> str:
    """Return the PREFECT_HOME of the server that answers at this address."""
    return str(ask(api_url, "/admin/settings")["home"])


def last_heartbeat(api_url: str, pool: str, worker: str) -> datetime | None:
    """Return when a worker was heard of last; None when it never was."""
    try:
        found = ask(api_url, f"/work_pools/{pool}/workers/filter", {"limit": 200})
    except NotFound:
        return None
    for one in found:
        if one["name"] == worker and one["last_heartbeat_time"]:
            return datetime.fromisoformat(one["last_heartbeat_time"])
    return None


def choose_port(wanted: int) -> int:
    """Return the wanted port when nothing listens there, else a free one."""
    for port in (wanted, 0):
        with socket.socket() as listener:
            # As uvicorn does: without it a port is taken for a minute after its last user.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise Unavailable("No loopback port is free.")


def ask(api_url: str, path: str, content: object = None) -> Any:
    """Return what the server answers: to a GET, or to a POST of `content` when there is any.

    Raises NotFound for what the server does not know, AuthenticationFailed when it refuses our
    auth string, and Unavailable when it does not answer or fails.
    """
    headers = {"Content-Type": "application/json"}
    auth = os.environ.get("PREFECT_API_AUTH_STRING")
    if auth:
        headers["Authorization"] = f"Basic {base64.b64encode(auth.encode()).decode('ascii')}"
    request = urllib.request.Request(  # noqa: S310 - the address is the operator's own setting
        f"{api_url}{path}",
        data=None if content is None else json.dumps(content).encode(),
        headers=headers,
    )
    try:
        with _opener(api_url).open(request, timeout=TIMEOUT_SECONDS) as reply:
            answered = reply.read()
            return json.loads(answered) if answered else None
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in {401, 403}:
            raise AuthenticationFailed(
                f"The Prefect server at {api_url} refused our auth string (HTTP {error.code}).",
                hint="Set PREFECT_API_AUTH_STRING to the server's PREFECT_SERVER_API_AUTH_STRING.",
            ) from error
        if error.code == 404:
            raise NotFound(f"The Prefect server at {api_url} knows no {path}.") from error
        raise Unavailable(f"The Prefect server failed at {path} (HTTP {error.code}).") from error
    except (OSError, ValueError) as error:
        raise Unavailable(f"The Prefect server at {api_url} cannot be reached: {error}") from error


def _opener(api_url: str) -> urllib.request.OpenerDirector:
    """Return what opens the address: by the configured proxy, but for this machine's own."""
    if urlsplit(api_url).hostname in LOOPBACK_HOSTS:
        return urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener()
