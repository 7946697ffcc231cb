"""Regions of charges: Cost Management's names of locations as those of Resource Manager.

Cost Management has, beside Resource Manager's own names, older ones that begin with a country or a
continent: `EU West`, `US East 2`, `AU Southeast`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_NONE: Final = frozenset({"", "unassigned", "unknown", "na", "n/a"})

# In Resource Manager's names these come last, those of `_COUNTRIES` first.
_CONTINENTS: Final[Mapping[str, str]] = {
    "ap": "asia", "eu": "europe", "in": "india", "us": "us",
}  # fmt: skip
_COUNTRIES: Final[Mapping[str, str]] = {
    "ae": "uae", "au": "australia", "be": "belgium", "br": "brazil", "ca": "canada",
    "ch": "switzerland", "cn": "china", "de": "germany", "es": "spain", "fi": "finland",
    "fr": "france", "il": "israel", "it": "italy", "ja": "japan", "kr": "korea", "mx": "mexico",
    "no": "norway", "nz": "newzealand", "pl": "poland", "qa": "qatar", "se": "sweden",
    "tw": "taiwan", "uk": "uk", "za": "southafrica",
}  # fmt: skip
_OLD_NAME: Final = re.compile(
    r"([a-z]{2}) ((?:north|south|east|west|central)[a-z]*(?: (?:central|east|west))?)(?: (\d))?"
)


def region_id(location: str | None) -> str | None:
    """Return the region of a charge's location as Resource Manager names it, None without one."""
    name = " ".join((location or "").lower().split())
    if name in _NONE:
        return None
    old = _OLD_NAME.fullmatch(name)
    if old is not None:
        place, direction, number = old[1], old[2].replace(" ", ""), old[3] or ""
        if place in _CONTINENTS:
            return f"{direction}{_CONTINENTS[place]}{number}"
        if place in _COUNTRIES:
            return f"{_COUNTRIES[place]}{direction}{number}"
    return name.replace(" ", "")
