"""The names of sources of costs that people choose: those of imported folders."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import Field

_PATTERN: Final = r"^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$"
LONGEST_SOURCE_NAME: Final = 100

SOURCE_RULE: Final = (
    f"letters of ASCII and digits, with single dots, hyphens or underscores between, at most"
    f" {LONGEST_SOURCE_NAME} characters"
)
"""What a name of a source consists of, in words."""

SourceName = Annotated[str, Field(min_length=1, max_length=LONGEST_SOURCE_NAME, pattern=_PATTERN)]
"""Upper and lower case differ: two folders of a case-sensitive file system are two sources."""


def is_source_name(text: str) -> bool:
    """Return whether a text can be the name of a source."""
    return len(text) <= LONGEST_SOURCE_NAME and re.fullmatch(_PATTERN, text) is not None
