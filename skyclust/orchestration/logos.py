"""The logos of block types: a drawing with the provider's name, served by our own server.

Prefect keeps the address of a logo, which has to be one of HTTP (`pydantic.HttpUrl`): a `data:`
address is refused, and one at somebody else's server would tell that one who opens the UI.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final
from urllib.parse import urlsplit

from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL

LOGO_PATH: Final = "/skyclust/logos/"
"""Where the server has the logos, each as `PROVIDER.svg`."""

_FILE: Final = re.compile(re.escape(LOGO_PATH) + r"([a-z0-9][a-z0-9_-]{0,39})\.svg")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_LETTERS: Final = 3

_DRAWING: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" role="img" aria-label="{name}">'
    '<path d="M13 37a9 9 0 0 1-1.5-17.9A12.5 12.5 0 0 1 35.5 18A9.5 9.5 0 0 1 35 37z"'
    ' fill="hsl({hue} 55% 38%)"/>'
    '<text x="24" y="32" font-family="sans-serif" font-size="11" font-weight="bold"'
    ' text-anchor="middle" fill="#fff">{letters}</text></svg>'
)


def logo_of(path: str) -> str | None:
    """Return the drawing at a path of the server, None for any other path.

    The colour follows from the provider's name, so that a plugin has a logo of its own too.
    """
    match = _FILE.fullmatch(path)
    if match is None:
        return None
    name = match[1]
    hue = int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) % 360
    return _DRAWING.format(name=name, hue=hue, letters=name[:_LETTERS].upper())


def logo_address(provider: str) -> str | None:
    """Return the address of a provider's logo, as a browser that shows the UI reaches it.

    None where that is not known: a server of several hosts without PREFECT_UI_URL.
    """
    api = PREFECT_API_URL.value() or ""
    # Without a setting of its own Prefect derives the address of the UI from that of the API.
    ui = PREFECT_UI_URL.value() or api
    parts = urlsplit(ui)
    if ui in (api, api.removesuffix("/api")) and parts.hostname not in _LOOPBACK:
        return None
    return f"{parts.scheme}://{parts.netloc}{LOGO_PATH}{provider}.svg"
