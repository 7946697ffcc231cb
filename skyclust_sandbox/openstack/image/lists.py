"""Lists of images: filters, order and pages.

Source: https://docs.openstack.org/api-ref/image/v2/#list-images
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.image.views import image_view
from skyclust_sandbox.openstack.image.visibility import is_visible
from skyclust_sandbox.openstack.paging import UnknownMarker, page_of
from skyclust_sandbox.openstack.settings import LARGEST_PAGE
from skyclust_sandbox.openstack.state import Image
from skyclust_sandbox.openstack.wire import Body, is_true, reply

_NO_FILTERS: Final = {
    "limit", "marker", "sort", "sort_key", "sort_dir", "member_status", "os_hidden", "tag",
    "size_min", "size_max", "visibility", "protected", "status", "name", "id",
}  # fmt: skip
_DEFAULT_LIMIT: Final = 25
"""The page size without a `limit` in the query (`limit_param_default`)."""


def list_images(context: Context) -> Response:
    """Return a page of images; `next` is present when there may be more."""
    query = context.request.args
    images = _sorted(
        context, [image for image in context.region.images.values() if _matches(context, image)]
    )
    largest = LARGEST_PAGE if "limit" in query else _DEFAULT_LIMIT
    unknown_marker = UnknownMarker(400, "No image found with ID {}")
    page, next_page = page_of(
        context, images, lambda image: image.id, largest=largest, unknown_marker=unknown_marker
    )
    content: Body = {
        "images": [image_view(image) for image in page],
        "first": _link([(n, v) for n, v in query.items(multi=True) if n != "marker"]),
        "schema": "/v2/schemas/images",
    }
    if next_page:
        content["next"] = _link(next_page.pairs)
    return reply(content)


def get_image(context: Context) -> Response:
    """Return an image; 404 when it does not exist."""
    return reply(image_view(find_image(context)))


def find_image(context: Context) -> Image:
    """Return the image in the path; 404 when it does not exist or the caller may not see it."""
    image_id = context.argument("image_id")
    image = context.region.images.get(image_id)
    if image is None or not is_visible(context, image):
        raise context.refused(404, f"No image found with ID {image_id}")
    return image


def _link(query_pairs: object) -> str:
    text = urlencode(query_pairs)  # type: ignore[arg-type]  # a sequence of pairs, of any kind
    return f"/v2/images?{text}" if text else "/v2/images"


def _matches(context: Context, image: Image) -> bool:
    query = context.request.args
    visibility = query.get("visibility")
    if not is_visible(context, image) or (
        image.visibility == "community"
        and image.owner != context.project_id
        and visibility != "community"
    ):
        return False
    statuses = query.get("status", "").removeprefix("in:").split(",")
    names = query.get("name", "").removeprefix("in:").split(",")
    return (
        visibility in (None, "all", image.visibility)
        # Hidden images are listed only with `os_hidden=true` (glance 2.7).
        and image.hidden == is_true(query.get("os_hidden", "false"))
        and (statuses == [""] or image.status in statuses)
        and (names == [""] or image.name in names)
        and query.get("id", "").removeprefix("in:") in ("", image.id)
        and set(query.getlist("tag")) <= set(image.tags)
        and ("protected" not in query or is_true(query["protected"]) == image.protected)
        and _has_properties(context, image)
    )


def _has_properties(context: Context, image: Image) -> bool:
    shown = image_view(image)
    return all(
        str(shown.get(name)) == value.removeprefix("in:")
        for name, value in context.request.args.items()
        if name not in _NO_FILTERS
    )


def _sorted(context: Context, images: list[Image]) -> list[Image]:
    """Return images in the requested order, the newest first by default."""
    query = context.request.args
    keys = query.getlist("sort_key") or ["created_at"]
    directions = query.getlist("sort_dir") or ["desc"]
    orders = list(zip(keys, directions * len(keys), strict=False))
    if "sort" in query:
        pairs = [part.partition(":") for part in query["sort"].split(",")]
        orders = [(key, direction or "desc") for key, _, direction in pairs]
    for key, direction in reversed([*orders, ("id", orders[-1][1])]):
        if images and key not in image_view(images[0]):
            raise context.refused(400, f"Invalid sort key: {key}")
        images = sorted(images, key=_sort_value(key), reverse=direction == "desc")
    return images


def _sort_value(key: str) -> Callable[[Image], str]:
    return lambda image: str(image_view(image)[key])
