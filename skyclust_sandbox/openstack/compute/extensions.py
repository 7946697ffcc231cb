"""Nova's extensions.

Source: https://docs.openstack.org/api-ref/compute/#extensions-extensions-deprecated
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.wire import reply


def list_extensions(_context: Context) -> Response:
    """Return no extensions: all of them are part of nova since 2.1."""
    return reply({"extensions": []})
