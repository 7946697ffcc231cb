"""The operations of glance v2."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.context import Route
from skyclust_sandbox.openstack.image import changes, discovery, listing

ROUTES: Final = (
    Route("GET", "", "versions.list", discovery.list_versions, open=True),
    Route("GET", "/versions", "versions.list", discovery.list_versions_plainly, open=True),
    Route("GET", "/v2", "versions.list", discovery.list_versions, open=True),
    Route("GET", "/v2/images", "images.list", listing.list_images),
    Route("POST", "/v2/images", "images.create", changes.create_image),
    Route("GET", "/v2/images/<image_id>", "images.get", listing.get_image),
    Route("PATCH", "/v2/images/<image_id>", "images.update", changes.update_image),
    Route("DELETE", "/v2/images/<image_id>", "images.delete", changes.delete_image),
    Route("PUT", "/v2/images/<image_id>/file", "images.upload", changes.upload_image),
)
