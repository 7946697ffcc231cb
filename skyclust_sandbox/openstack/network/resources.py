"""The attributes that all resources of neutron share.

Source: https://docs.openstack.org/api-ref/network/v2/
"""

from __future__ import annotations

import uuid

from skyclust_sandbox.openstack.wire import Body, now, seconds_time


def new_resource(content: Body, project_id: str) -> Body:
    """Return a resource with the attributes that all of neutron's resources have."""
    created = seconds_time(now())
    return {
        "id": str(uuid.uuid4()),
        "project_id": project_id,
        "tenant_id": project_id,
        "description": "",
        "tags": [],
        "revision_number": 1,
        "created_at": created,
        "updated_at": created,
        **content,
    }


def mark_updated(content: Body) -> None:
    """Set the update time and increment the revision number of a resource."""
    content["updated_at"] = seconds_time(now())
    content["revision_number"] += 1
