"""The tags of servers: words, not pairs. Since microversion 2.26.

Source: https://docs.openstack.org/api-ref/compute/#server-tags-servers-tags
"""

from __future__ import annotations

from collections.abc import Sequence

from skyclust.sandbox.openstack.context import Context

MOST = 50
LONGEST = 60


def check_tags(context: Context, tags: Sequence[object]) -> None:
    """Refuse tags that are too many, too long, or have a comma or slash in them, with 400."""
    if len(tags) > MOST:
        raise context.refused(400, f"The number of tags exceeded the per-server limit {MOST}")
    for tag in tags:
        if not isinstance(tag, str) or not 1 <= len(tag) <= LONGEST or set(tag) & set(",/"):
            raise context.refused(400, f"Invalid input for field/attribute tags. Value: {tag}.")
