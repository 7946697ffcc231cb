"""SSH public key resources.

Source: https://learn.microsoft.com/en-us/rest/api/compute/ssh-public-keys
"""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import json_response
from skyclust_sandbox.azure.tags import check_tags
from skyclust_sandbox.azure.tracked_resources import create_resource, read_put_request

RESOURCE_TYPE: Final = "Microsoft.Compute/sshPublicKeys"


def create_or_update(context: RequestContext) -> Response:
    """SshPublicKeys_Create: synchronous, the resource has no provisioning state."""
    existing, body = read_put_request(context, RESOURCE_TYPE)
    check_tags(body.get("tags", {}))
    if existing is not None:
        existing.body.update(body)
        return json_response(existing.body, 200)
    body = {**body, "properties": body.get("properties", {})}
    return json_response(create_resource(context, RESOURCE_TYPE, body).body, 201)


def delete(context: RequestContext) -> Response:
    """SshPublicKeys_Delete."""
    context.require_resource_group()
    key = context.state.resources.find(context.resource_id(RESOURCE_TYPE))
    if key is None:
        return json_response(None, 204)
    context.state.resources.remove(key)
    return json_response(None, 200)
