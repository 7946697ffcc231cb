"""What SkyClust keeps with a machine: one marked line in its notes (`description`).

Proxmox VE has bare words for tags and no field for anybody's own data. The line is an HTML
comment, which the web interface does not show; what people write beside it stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skyclust.errors import InvalidRequest

MOST_CHARACTERS: Final = 8192
"""The length of a description (PUT /nodes/{node}/qemu/{vmid}/config)."""

_LINE: Final = re.compile(r"^<!-- skyclust (\{.*\}) -->[^\S\n]*(?:\n|\Z)", re.MULTILINE)


class Mark(BaseModel):
    """The content of the line.

    `request` is a digest of what was asked for with the token. `making` is set until every step
    of the create is done; `slots` is where the create puts its data disks. `tags` are pairs,
    which tags of Proxmox VE cannot be.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    token: str | None = None
    request: str | None = None
    image: str | None = None
    name: str | None = None
    created_at: datetime | None = None
    making: bool = False
    slots: tuple[str, ...] = ()
    tags: Mapping[str, str] = Field(default_factory=dict)


def read_mark(description: str) -> Mark:
    """Return what the line of a description says; empty without one, or when it was spoilt."""
    found = _LINE.search(description)
    if found is None:
        return Mark()
    try:
        return Mark.model_validate_json(found[1])
    except ValidationError:
        return Mark()


def with_mark(description: str, mark: Mark) -> str:
    """Return a description with this mark in place of the one it had; the rest stays.

    Raises InvalidRequest when it becomes longer than Proxmox VE takes.
    """
    content = mark.model_dump(mode="json", exclude_defaults=True)
    # A tag may hold the end of a comment.
    text = json.dumps(content, sort_keys=True).replace(">", "\\u003e")
    line = f"<!-- skyclust {text} -->\n" if content else ""
    found = _LINE.search(description)
    if found is not None:
        written = description[: found.start()] + line + description[found.end() :]
    elif description and line:
        written = f"{description.rstrip()}\n{line}"
    else:
        written = description or line
    if len(written) > MOST_CHARACTERS:
        raise InvalidRequest(
            f"The notes of the machine would have {len(written)} characters, and may have"
            f" {MOST_CHARACTERS}.",
            hint="Set fewer or shorter tags.",
            provider="proxmox",
        )
    return written
