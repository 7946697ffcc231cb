"""The numbers that the machines of a token have, and whose mark a machine's notes carry.

The number is made from the token, so it tells whether the notes belong to the machine that has
them: a copy that somebody makes of a machine carries its notes to a number that is not the
token's, and nothing in them but the tags is about the copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from providers.proxmox.notes import Mark

FIRST_NUMBER: Final = 100_000_000
LAST_NUMBER: Final = 999_999_999
"""The largest number that Proxmox VE takes (`pve-vmid`)."""

NUMBERS: Final = 8
"""How many numbers a token has. That one is taken by a stranger is a chance of one in a
million for a thousand machines."""


def numbers(token: str) -> Iterator[int]:
    """Yield the numbers that a machine made with a token may have, always the same."""
    span = LAST_NUMBER - FIRST_NUMBER + 1
    for index in range(NUMBERS):
        digest = sha256(f"{index}:{token}".encode()).digest()
        yield FIRST_NUMBER + int.from_bytes(digest[:8]) % span


def own_mark(mark: Mark, vmid: int) -> Mark:
    """Return what a mark says about the machine with this number: of a copy, its tags alone."""
    if mark.token is None or vmid in numbers(mark.token):
        return mark
    return Mark(tags=mark.tags)
