"""The metadata that SkyClust keeps with a guest: one line in its notes (`description`).

Proxmox VE has tags without values, and no field for the data of other programs. The line is an
HTML comment, which the web interface does not show. All other text of the notes stays.
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


class Metadata(BaseModel):
    """The content of the line.

    `request` is a digest of the spec that was sent with the token. `incomplete`, in the line
    `making`, is set until every step of the creation is done; `slots` are the drives that the
    creation chose for its data disks. `tags` are pairs, which tags of Proxmox VE cannot be.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    token: str | None = None
    request: str | None = None
    image: str | None = None
    name: str | None = None
    created_at: datetime | None = None
    incomplete: bool = Field(default=False, alias="making")
    slots: tuple[str, ...] = ()
    tags: Mapping[str, str] = Field(default_factory=dict)


def read_metadata(description: str) -> Metadata:
    """Return the metadata in a description; empty when its line is absent or damaged."""
    match = _LINE.search(description)
    if match is None:
        return Metadata()
    try:
        return Metadata.model_validate_json(match[1])
    except ValidationError:
        return Metadata()


def with_metadata(description: str, metadata: Metadata) -> str:
    """Return a description with its line of metadata replaced; all other text stays.

    Raises InvalidRequest when the description becomes longer than Proxmox VE permits.
    """
    content = metadata.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    # A tag may contain the end of an HTML comment.
    text = json.dumps(content, sort_keys=True).replace(">", "\\u003e")
    line = f"<!-- skyclust {text} -->\n" if content else ""
    match = _LINE.search(description)
    if match is not None:
        written = description[: match.start()] + line + description[match.end() :]
    elif description and line:
        written = f"{description.rstrip()}\n{line}"
    else:
        written = description or line
    if len(written) > MOST_CHARACTERS:
        raise InvalidRequest(
            f"The notes of the guest would have {len(written)} characters, and may have"
            f" {MOST_CHARACTERS}.",
            hint="Set fewer or shorter tags.",
            provider="proxmox",
        )
    return written
