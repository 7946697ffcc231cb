"""Nova's extensions.

Source: https://docs.openstack.org/api-ref/compute/#extensions-extensions-deprecated
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.wire import reply


def list_extensions(_context: Context) -> Response:
    """Return an empty list: since 2.1 all extensions are part of nova."""
    return reply({"extensions": []})
