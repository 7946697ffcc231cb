"""Replies of pveproxy: data in an envelope, and errors in the status line.

Proxmox VE puts the message of an error into the reason phrase of the status line, and also into
the body. https://pve.proxmox.com/wiki/Proxmox_VE_API
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from werkzeug.wrappers import Response

from skyclust_sandbox.application import Refused


class TaskFailed(Exception):
    """Ends a task with this message as its exit status."""


def data(content: object) -> Response:
    """Return a successful reply."""
    return Response(json.dumps({"data": content}), mimetype="application/json")


def refusal(status: int, message: str, errors: Mapping[str, str] | None = None) -> Response:
    """Return an error reply; its message is the reason phrase of the status line."""
    body: dict[str, object] = {"data": None, "message": message}
    if errors:
        body["errors"] = dict(errors)
    return Response(json.dumps(body), status=f"{status} {message}", mimetype="application/json")


def refused(message: str, status: int = 500) -> Refused:
    """Return an error to raise; Proxmox VE replies to most errors with 500."""
    return Refused(refusal(status, message))


def invalid(**errors: str) -> Refused:
    """Return the 400 for parameters that do not match the schema."""
    named = {name.replace("_", "-"): text for name, text in errors.items()}
    return Refused(refusal(400, "Parameter verification failed.", named))
