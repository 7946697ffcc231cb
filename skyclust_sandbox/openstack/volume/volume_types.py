"""Volume types.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#volume-types-types
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.directory import identifier
from skyclust_sandbox.openstack.wire import Body, reply

VOLUME_TYPES = ("ssd", "hdd")
"""The volume types; the first one is the default."""


def list_types(_context: Context) -> Response:
    """Return all volume types."""
    return reply({"volume_types": [_type(name) for name in VOLUME_TYPES]})


def get_type(context: Context) -> Response:
    """Return a volume type by id, name or `default`; 404 when it does not exist."""
    type_id = context.argument("type_id")
    for name in VOLUME_TYPES:
        if type_id in {identifier("volume type", name), name}:
            return reply({"volume_type": _type(name)})
    if type_id == "default":
        return reply({"volume_type": _type(VOLUME_TYPES[0])})
    raise context.refused(404, f"Volume type {type_id} could not be found.")


def _type(name: str) -> Body:
    return {
        "id": identifier("volume type", name),
        "name": name,
        "description": None,
        "is_public": True,
        "os-volume-type-access:is_public": True,
        "extra_specs": {},
        "qos_specs_id": None,
    }
