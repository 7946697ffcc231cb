"""Conversion between the tags of SkyClust, which are pairs, and those of Proxmox VE.

A tag of Proxmox VE is a word in lower case, without a value. A pair is stored in the guest's
notes, which take any text, and shown in the web interface as the tag `key-value`. A tag of Proxmox
VE that shows no pair is a tag of its own, with an empty value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from skyclust.errors import InvalidRequest

# https://pve.proxmox.com/pve-docs/chapter-qm.html#qm_tags
_FORBIDDEN: Final = re.compile(r"[^a-z0-9_+.-]+")
_SEPARATORS: Final = re.compile(r"[;,\s]+")


def split_pve_tags(tags: str) -> list[str]:
    """Return the tags in a guest's `tags` field, sorted."""
    return sorted({tag for tag in _SEPARATORS.split(tags) if tag})


def to_pve_tag(key: str, value: str) -> str:
    """Return the tag that shows a pair; empty when none of its characters is permitted."""
    text = f"{key}-{value}" if value else key
    return _FORBIDDEN.sub("-", text.lower()).strip("-+.")


def check_tag(key: str, value: str, doing: str) -> None:
    """Raise InvalidRequest for a pair that no tag can show, or that is not on a single line."""
    if not to_pve_tag(key, value) or any(not char.isprintable() for char in key + value):
        raise InvalidRequest(
            f"Could not {doing}: Proxmox VE cannot show the tag {key!r}.",
            hint="A tag has at least one letter or digit, and no line breaks.",
            provider="proxmox",
        )


def to_tags(pve_tags: str, pairs: Mapping[str, str]) -> dict[str, str]:
    """Return a guest's tags, from its `tags` field and the pairs in its notes."""
    shown = {to_pve_tag(key, value) for key, value in pairs.items()}
    own = {tag: "" for tag in split_pve_tags(pve_tags) if tag not in shown}
    return {**own, **pairs}


def to_pve_tags(old_pve_tags: str, old_pairs: Mapping[str, str], pairs: Mapping[str, str]) -> str:
    """Return the `tags` field of a guest whose pairs change; tags that show no pair stay."""
    shown = {to_pve_tag(key, value) for key, value in old_pairs.items()}
    own = {tag for tag in split_pve_tags(old_pve_tags) if tag not in shown}
    tags = own | {to_pve_tag(key, value) for key, value in pairs.items()}
    return ";".join(sorted(tag for tag in tags if tag))
