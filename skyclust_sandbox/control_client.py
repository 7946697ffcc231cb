"""A client of the control API of sandbox clouds."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from skyclust.errors import InvalidRequest, Unavailable


def call_control(
    endpoint: str, method: str, noun: str, content: object = None, *, timeout: float = 60.0
) -> object:
    """Call `/_sandbox/NOUN` and return the content of the reply; `timeout` is in seconds.

    Raises InvalidRequest with the cloud's message when it refuses the call, and Unavailable when no
    sandbox listens at the endpoint.
    """
    request = urllib.request.Request(  # noqa: S310 - always an http endpoint that we started
        f"{endpoint}/_sandbox/{noun}",
        data=None if content is None else json.dumps(content).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    # Never through a proxy: the sandbox is on this computer.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as reply:
            content_of_reply: object = json.load(reply)
            return content_of_reply
    except urllib.error.HTTPError as error:
        with error:
            message = error.read().decode(errors="replace")
        raise InvalidRequest(
            f"The sandbox at {endpoint} refuses {method} {noun}: {message}"
        ) from error
    except (OSError, ValueError) as error:
        raise Unavailable(f"No sandbox answers at {endpoint}: {error}") from error
