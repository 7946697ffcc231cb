"""The attributes that all resources of neutron share.

Source: https://docs.openstack.org/api-ref/network/v2/
"""

from __future__ import annotations

import uuid

from skyclust_sandbox.openstack.wire import Body, now, seconds_time


def stamped(content: Body, project_id: str) -> Body:
    """Return an object with what all of neutron's objects have."""
    moment = seconds_time(now())
    return {
        "id": str(uuid.uuid4()),
        "project_id": project_id,
        "tenant_id": project_id,
        "description": "",
        "tags": [],
        "revision_number": 1,
        "created_at": moment,
        "updated_at": moment,
        **content,
    }


def touch(content: Body) -> None:
    """Note that an object has just been changed."""
    content["updated_at"] = seconds_time(now())
    content["revision_number"] += 1
