"""Tags as Proxmox VE has them: bare words, in lower case.

A pair is kept in the machine's notes, where it can be anything, and shown in the web interface
as the word `key-value`. A word that shows no pair is a tag of its own, without a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from skyclust.errors import InvalidRequest

# https://pve.proxmox.com/pve-docs/chapter-qm.html#qm_tags
_FOREIGN: Final = re.compile(r"[^a-z0-9_+.-]+")
_SEPARATORS: Final = re.compile(r"[;,\s]+")


def split_words(tags: str) -> list[str]:
    """Return the words of a machine's tags, sorted."""
    return sorted({word for word in _SEPARATORS.split(tags) if word})


def to_word(key: str, value: str) -> str:
    """Return the word that shows a pair; empty where no letter of it can be shown."""
    text = f"{key}-{value}" if value else key
    return _FOREIGN.sub("-", text.lower()).strip("-+.")


def refuse_tag(key: str, value: str, doing: str) -> None:
    """Raise InvalidRequest for a tag that no word can show, or that is no single line."""
    if not to_word(key, value) or any(not letter.isprintable() for letter in key + value):
        raise InvalidRequest(
            f"Could not {doing}: Proxmox VE cannot show the tag {key!r}.",
            hint="A tag has at least one letter or digit, and no line breaks.",
            provider="proxmox",
        )


def to_tags(words: str, pairs: Mapping[str, str]) -> dict[str, str]:
    """Return a machine's tags, from its words and the pairs in its notes."""
    shown = {to_word(key, value) for key, value in pairs.items()}
    bare = {word: "" for word in split_words(words) if word not in shown}
    return {**bare, **pairs}


def to_words(before: str, pairs_before: Mapping[str, str], pairs: Mapping[str, str]) -> str:
    """Return the words of a machine whose pairs change; its own words stay."""
    shown = {to_word(key, value) for key, value in pairs_before.items()}
    own = {word for word in split_words(before) if word not in shown}
    words = own | {to_word(key, value) for key, value in pairs.items()}
    return ";".join(sorted(word for word in words if word))
