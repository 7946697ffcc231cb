"""The few requests to the Prefect API that starting and stopping need, over plain HTTP.

Prefect's own client takes a second to import, and `skyclust status` answers at once.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from skyclust.embedded.environment import LOOPBACK_HOSTS
from skyclust.errors import AuthenticationFailed, NotFound, Unavailable
from skyclust.security.auth_string import PROOF_PATH, REFUSED_HINT, proof

TIMEOUT_SECONDS: Final = 15.0
PROOF_SECONDS: Final = 5.0

_NO_CSRF: Final = "422"
"""The status with which a server without CSRF protection answers a request for a token."""

LOOPBACK: Final = "127.0.0.1"

_auth_string: ContextVar[str | None] = ContextVar("auth_string", default=None)

_csrf_client: Final = f"skyclust-{secrets.token_hex(16)}"
_csrf_tokens: Final[dict[str, str]] = {}
"""The headers that a server requires with each change, by its address; empty for none. It keeps a
token for each client for an hour."""


@contextmanager
def authorised(auth_string: str | None) -> Iterator[None]:
    """Send this auth string with every request, in place of PREFECT_API_AUTH_STRING."""
    before = _auth_string.set(auth_string)
    try:
        yield
    finally:
        _auth_string.reset(before)


def is_ready(api_url: str) -> bool:
    """Return whether the server answers and reaches its database.

    On this computer the auth string is not sent for it: the server has to give its proof first.
    Raises AuthenticationFailed when a proxy of a server on another computer refuses the request.
    """
    here = urlsplit(api_url).hostname in LOOPBACK_HOSTS
    try:
        _ask(api_url, "/ready", None, anonymous=here)
    except (Unavailable, NotFound):
        return False
    except AuthenticationFailed:
        if here:
            return False  # Prefect needs no auth string there: this is another program
        raise
    return True


def proves(api_url: str, auth_string: str) -> bool:
    """Return whether the server at this address knows the auth string; it is not sent."""
    nonce = secrets.token_hex(16)
    where = f"{api_url.removesuffix('/api')}{PROOF_PATH}?nonce={nonce}"
    try:
        with _opener(api_url).open(where, timeout=PROOF_SECONDS) as reply:
            answer = reply.read(200).decode("ascii")
    except (OSError, ValueError):
        return False
    expected = proof(auth_string, port=urlsplit(api_url).port or 80, nonce=nonce)
    return hmac.compare_digest(answer, expected)


def last_heartbeat(api_url: str, pool: str, worker: str) -> datetime | None:
    """Return the time of a worker's last heartbeat; None if there was none."""
    try:
        found = ask(api_url, f"/work_pools/{pool}/workers/filter", {"limit": 200})
    except NotFound:
        return None
    for one in found:
        if one["name"] == worker and one["last_heartbeat_time"]:
            return datetime.fromisoformat(one["last_heartbeat_time"])
    return None


def choose_port(wanted: int) -> int:
    """Return the wanted port if nothing listens there, else a free port."""
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
    """Return the server's answer to a GET, or to a POST of `content` if it is given.

    Raises NotFound for what the server does not know, AuthenticationFailed when it refuses our
    auth string, and Unavailable when it does not answer or fails.
    """
    try:
        return _ask(api_url, path, content)
    except AuthenticationFailed:
        if content is None or _csrf_tokens.pop(api_url, None) is None:
            raise
        return _ask(api_url, path, content)  # a token ends after an hour, and with its database


def _ask(api_url: str, path: str, content: object, *, anonymous: bool = False) -> Any:
    headers = {"Content-Type": "application/json", **({} if anonymous else _authorization())}
    if content is not None:
        headers |= _csrf(api_url)
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
                hint=REFUSED_HINT,
            ) from error
        if error.code == 404:
            raise NotFound(f"The Prefect server at {api_url} knows no {path}.") from error
        raise Unavailable(
            f"The Prefect server failed at {path} (HTTP {error.code}).", code=str(error.code)
        ) from error
    except (OSError, ValueError) as error:
        raise Unavailable(f"The Prefect server at {api_url} cannot be reached: {error}") from error


def _authorization() -> dict[str, str]:
    auth = _auth_string.get() or os.environ.get("PREFECT_API_AUTH_STRING")
    if not auth:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(auth.encode()).decode('ascii')}"}


def _csrf(api_url: str) -> dict[str, str]:
    """Return the headers that a server with CSRF protection requires of its clients."""
    token = _csrf_tokens.get(api_url)
    if token is None:
        try:
            token = str(_ask(api_url, f"/csrf-token?client={_csrf_client}", None)["token"])
        except Unavailable as error:
            if error.code != _NO_CSRF:
                raise
            token = ""
        _csrf_tokens[api_url] = token
    if not token:
        return {}
    return {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": _csrf_client}


def _opener(api_url: str) -> urllib.request.OpenerDirector:
    """Return the opener for an address: through the configured proxy, unless it is local."""
    if urlsplit(api_url).hostname in LOOPBACK_HOSTS:
        return urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener()
