"""Public SSH keys that a company keeps in Azure, to be put on its machines by name.

Source: https://learn.microsoft.com/en-us/rest/api/compute/ssh-public-keys
"""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import reply
from skyclust_sandbox.azure.tracked_resources import check_tags, make, read_put

KIND: Final = "Microsoft.Compute/sshPublicKeys"


def put(ask: Ask) -> Response:
    """SshPublicKeys_Create: made at once, it has no state of its own."""
    existing, body = read_put(ask, KIND)
    check_tags(body.get("tags", {}))
    if existing is not None:
        existing.body.update(body)
        return reply(existing.body, 200)
    return reply(make(ask, KIND, {**body, "properties": body.get("properties", {})}).body, 201)


def delete(ask: Ask) -> Response:
    """SshPublicKeys_Delete."""
    ask.require_group()
    found = ask.state.resources.find(ask.id_of(KIND))
    if found is None:
        return reply(None, 204)
    ask.state.resources.remove(found)
    return reply(None, 200)
