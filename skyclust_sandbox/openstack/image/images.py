"""Creation, upload, update and deletion of images.

Source: https://docs.openstack.org/api-ref/image/v2/#create-image
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context, read_json
from skyclust_sandbox.openstack.image.lists import find_image
from skyclust_sandbox.openstack.image.views import image_view
from skyclust_sandbox.openstack.state import Image
from skyclust_sandbox.openstack.wire import empty, now, reply

_FIELDS: Final = {
    "name": "name",
    "visibility": "visibility",
    "min_disk": "min_disk",
    "min_ram": "min_ram",
    "protected": "protected",
    "os_hidden": "hidden",
    "tags": "tags",
    "disk_format": "disk_format",
    "container_format": "container_format",
}
_READ_ONLY: Final = {"status", "size", "checksum", "created_at", "updated_at", "owner", "id"}


def create_image(context: Context) -> Response:
    """Create an image without data, in the status `queued`: 201."""
    body = read_json(context.request)
    if not isinstance(body, dict):
        raise context.refused(400, "Malformed JSON in request body.")
    image_id = body.pop("id", str(uuid.uuid4()))
    if image_id in context.region.images:
        raise context.refused(409, f"Image ID {image_id} already exists!")
    created = now()
    image = Image(image_id, "", context.project_id, created, created)
    for name, value in body.items():
        _set(context, image, name, value)
    context.region.images[image.id] = image
    return reply(image_view(image), 201)


def upload_image(context: Context) -> Response:
    """Store an image's data: the image is `saving`, then `active`. The data becomes its content."""
    image = _own(context)
    if image.status != "queued":
        raise context.refused(409, f"Image status transition from {image.status} to saving")
    data = context.request.get_data()
    image.size, image.content, image.status = len(data), data[:64].hex(), "saving"
    image.updated = now()

    def finish() -> None:
        image.status = "killed" if context.fails else "active"
        image.updated = now()

    context.schedule(image.id, finish)
    return empty()


def update_image(context: Context) -> Response:
    """Apply a JSON patch to an image and return it."""
    image = _own(context)
    for change in read_json(context.request) or []:
        name = str(change.get("path", "")).lstrip("/")
        if change.get("op") == "remove":
            if name not in image.properties:
                raise context.refused(409, f"Property {name} does not exist.")
            del image.properties[name]
        else:
            _set(context, image, name, change.get("value"))
    image.updated = now()
    return reply(image_view(image))


def delete_image(context: Context) -> Response:
    """Delete an image: 204."""
    image = _own(context)
    if image.protected:
        raise context.refused(403, f"Image {image.id} is protected and cannot be deleted.")
    context.cloud.timers.cancel(image.id)
    del context.region.images[image.id]
    return empty()


def _own(context: Context) -> Image:
    image = find_image(context)
    if not context.is_admin and image.owner != context.project_id:
        raise context.refused(403, "You are not authorized to complete this action.")
    return image


def _set(context: Context, image: Image, name: str, value: Any) -> None:
    if name in _READ_ONLY:
        raise context.refused(403, f"Attribute '{name}' is read-only.")
    if name == "visibility" and value == "public" and not context.is_admin:
        raise context.refused(403, "You are not authorized to complete publicize_image action.")
    if name in _FIELDS:
        setattr(image, _FIELDS[name], value)
    else:
        image.properties[name] = str(value)
