"""Keystone's lists, and its check for administrators."""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.wire import Body, reply


def require_admin(context: Context, rule: str) -> None:
    """Refuse with 403, naming the policy rule, a caller who is not an administrator."""
    if not context.is_admin:
        message = f"You are not authorized to perform the requested action: identity:{rule}."
        raise context.refused(403, message)


def list_reply(context: Context, key: str, resources: list[Body]) -> Response:
    """Return a list of keystone: all resources under the key, in one page."""
    links = {"self": context.request.base_url, "next": None, "previous": None}
    return reply({key: resources, "links": links})
