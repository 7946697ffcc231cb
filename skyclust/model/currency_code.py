"""Codes of currencies (ISO 4217): three capital letters."""

from __future__ import annotations

import re
from typing import Final

_CODE: Final = re.compile(r"[A-Z]{3}")


def currency_code(text: str) -> str | None:
    """Return the code that a text is, without spaces around it and in capitals; None for no code.

    Which three letters are a currency today is not verified: ISO 4217 changes its list.
    """
    code = text.strip().upper()
    return code if text.isascii() and _CODE.fullmatch(code) else None
