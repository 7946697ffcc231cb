"""Images as glance shows them: standard and custom properties in one object."""

from __future__ import annotations

import hashlib

from skyclust_sandbox.openstack.state import Image
from skyclust_sandbox.openstack.wire import Body, seconds_time


def image_view(image: Image) -> Body:
    """Return an image with all attributes."""
    active = image.status == "active"
    digest = hashlib.sha512(image.id.encode()).hexdigest() if active else None
    return {
        **image.properties,
        "id": image.id,
        "name": image.name,
        "status": image.status,
        "visibility": image.visibility,
        "owner": image.owner,
        "size": image.size,
        "virtual_size": None,
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
        "protected": image.protected,
        "os_hidden": image.hidden,
        "os_hash_algo": "sha512" if active else None,
        "os_hash_value": digest,
        "checksum": None if digest is None else digest[:32],
        "disk_format": image.disk_format,
        "container_format": image.container_format,
        "tags": image.tags,
        "created_at": seconds_time(image.created),
        "updated_at": seconds_time(image.updated),
        "self": f"/v2/images/{image.id}",
        "file": f"/v2/images/{image.id}/file",
        "schema": "/v2/schemas/image",
    }
