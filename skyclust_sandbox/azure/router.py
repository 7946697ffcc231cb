"""From a method and a path to the operation of the REST API that they call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.request_context import Ask

Handler = Callable[[Ask], Response]


@dataclass(frozen=True)
class Route:
    """An operation: its id in the REST API, how it is called, and who carries it out.

    Without a handler it belongs to Entra ID: nobody is asked for a token or an API version.
    """

    action: str
    method: str
    template: str
    handler: Handler | None


class Router:
    """Finds routes; the fixed words of a path are found in any spelling, as Azure does."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._patterns = [(_pattern(route.template), route) for route in routes]

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """Return the route and what stands in the places of its template."""
        for pattern, route in self._patterns:
            if route.method == method and (found := pattern.fullmatch(path)) is not None:
                return route, found.groupdict()
        return None

    def knows(self, path: str) -> bool:
        """Return whether the path can be called by any method."""
        return any(pattern.fullmatch(path) is not None for pattern, _ in self._patterns)


_PLACE: Final = re.compile(r"\{(\w+)(:path)?\}")


def _pattern(template: str) -> re.Pattern[str]:
    """Return what a path has to look like: `{name}` is one part of it, `{name:path}` several."""
    written = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")

    def place(found: re.Match[str]) -> str:
        return f"(?P<{found[1]}>{'.+?' if found[2] else '[^/]+'})"

    return re.compile(_PLACE.sub(place, written) + "/?", re.IGNORECASE)
