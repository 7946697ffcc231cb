"""Calls the control API of a sandbox cloud."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from skyclust.errors import InvalidRequest, Unavailable


def call_control(
    endpoint: str, method: str, noun: str, content: object = None, *, timeout: float = 60.0
) -> object:
    """Ask something under `/_sandbox/` and return the answer; `timeout` is in seconds.

    Raises InvalidRequest with the cloud's own words when it refuses, Unavailable when nothing
    answers there.
    """
    request = urllib.request.Request(  # noqa: S310 - always an http endpoint that we started
        f"{endpoint}/_sandbox/{noun}",
        data=None if content is None else json.dumps(content).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    # Never through a proxy: the sandbox is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as reply:
            answer: object = json.load(reply)
            return answer
    except urllib.error.HTTPError as error:
        with error:
            told = error.read().decode(errors="replace")
        raise InvalidRequest(
            f"The sandbox at {endpoint} refuses {method} {noun}: {told}"
        ) from error
    except (OSError, ValueError) as error:
        raise Unavailable(f"No sandbox answers at {endpoint}: {error}") from error
