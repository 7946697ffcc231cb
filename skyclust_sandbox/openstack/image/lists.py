"""Lists of images: filters, order, pages.

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
from skyclust_sandbox.openstack.paging import Gone, page_of
from skyclust_sandbox.openstack.settings import LARGEST_PAGE
from skyclust_sandbox.openstack.state import Image
from skyclust_sandbox.openstack.wire import Body, is_true, reply

_NO_FILTERS: Final = {
    "limit", "marker", "sort", "sort_key", "sort_dir", "member_status", "os_hidden", "tag",
    "size_min", "size_max", "visibility", "protected", "status", "name", "id",
}  # fmt: skip
_OWN_LIMIT: Final = 25
"""How many images a page has when nobody asks for more (`limit_param_default`)."""


def list_images(context: Context) -> Response:
    """Return a page of images; `next` leads on when there may be more."""
    asked = context.request.args
    found = _sorted(
        context, [one for one in context.region.images.values() if _matches(context, one)]
    )
    largest = LARGEST_PAGE if "limit" in asked else _OWN_LIMIT
    gone = Gone(400, "No image found with ID {}")
    page, more = page_of(context, found, lambda image: image.id, largest=largest, gone=gone)
    content: Body = {
        "images": [image_view(image) for image in page],
        "first": _link([(n, v) for n, v in asked.items(multi=True) if n != "marker"]),
        "schema": "/v2/schemas/images",
    }
    if more:
        content["next"] = _link(more.question)
    return reply(content)


def get_image(context: Context) -> Response:
    """Return an image; 404 when there is none."""
    return reply(image_view(find_image(context)))


def find_image(context: Context) -> Image:
    """Return the image of the path; 404 when the caller may see none of this id."""
    image_id = context.argument("image_id")
    image = context.region.images.get(image_id)
    if image is None or not is_visible(context, image):
        raise context.refused(404, f"No image found with ID {image_id}")
    return image


def _link(question: object) -> str:
    text = urlencode(question)  # type: ignore[arg-type]  # a sequence of pairs, of any kind
    return f"/v2/images?{text}" if text else "/v2/images"


def _matches(context: Context, image: Image) -> bool:
    asked = context.request.args
    visibility = asked.get("visibility")
    if not is_visible(context, image) or (
        image.visibility == "community"
        and image.owner != context.project_id
        and visibility != "community"
    ):
        return False
    statuses = asked.get("status", "").removeprefix("in:").split(",")
    names = asked.get("name", "").removeprefix("in:").split(",")
    return (
        visibility in (None, "all", image.visibility)
        # Hidden images are in a list of their own only (glance 2.7).
        and image.hidden == is_true(asked.get("os_hidden", "false"))
        and (statuses == [""] or image.status in statuses)
        and (names == [""] or image.name in names)
        and asked.get("id", "").removeprefix("in:") in ("", image.id)
        and set(asked.getlist("tag")) <= set(image.tags)
        and ("protected" not in asked or is_true(asked["protected"]) == image.protected)
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
    """Return images as asked for, else the newest first."""
    asked = context.request.args
    keys = asked.getlist("sort_key") or ["created_at"]
    directions = asked.getlist("sort_dir") or ["desc"]
    orders = list(zip(keys, directions * len(keys), strict=False))
    if "sort" in asked:
        pairs = [one.partition(":") for one in asked["sort"].split(",")]
        orders = [(key, direction or "desc") for key, _, direction in pairs]
    for key, direction in reversed([*orders, ("id", orders[-1][1])]):
        if images and key not in image_view(images[0]):
            raise context.refused(400, f"Invalid sort key: {key}")
        images = sorted(images, key=_reader(key), reverse=direction == "desc")
    return images


def _reader(key: str) -> Callable[[Image], str]:
    return lambda image: str(image_view(image)[key])
