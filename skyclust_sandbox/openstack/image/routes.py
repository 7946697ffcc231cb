"""The operations of glance v2."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.context import Route
from skyclust_sandbox.openstack.image import images, lists, versions

ROUTES: Final = (
    Route("GET", "", "versions.list", versions.list_versions, open=True),
    Route("GET", "/versions", "versions.list", versions.list_versions_plainly, open=True),
    Route("GET", "/v2", "versions.list", versions.list_versions, open=True),
    Route("GET", "/v2/images", "images.list", lists.list_images),
    Route("POST", "/v2/images", "images.create", images.create_image),
    Route("GET", "/v2/images/<image_id>", "images.get", lists.get_image),
    Route("PATCH", "/v2/images/<image_id>", "images.update", images.update_image),
    Route("DELETE", "/v2/images/<image_id>", "images.delete", images.delete_image),
    Route("PUT", "/v2/images/<image_id>/file", "images.upload", images.upload_image),
)
