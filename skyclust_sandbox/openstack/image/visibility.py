"""The visibility of images."""

from __future__ import annotations

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Image


def is_visible(context: Context, image: Image) -> bool:
    """Return whether the caller may see and use an image."""
    return (
        context.is_admin
        or image.visibility in {"public", "community"}
        or image.owner == context.project_id
        or (image.visibility == "shared" and context.project_id in image.members)
    )
