"""Maps a method and a path to the operation of the REST API that they call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.request_context import RequestContext

Handler = Callable[[RequestContext], Response]


@dataclass(frozen=True)
class Route:
    """An operation: its id in the REST API, its method, its path template and its handler.

    A route without a handler belongs to Entra ID or to the metadata service: it needs neither a
    token nor an API version.
    """

    action: str
    method: str
    template: str
    handler: Handler | None


class Router:
    """Finds the route of a request; as in Azure, fixed path segments ignore case."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._patterns = [(_pattern(route.template), route) for route in routes]

    def match(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """Return the route with its path parameters, or None."""
        for pattern, route in self._patterns:
            if route.method == method and (match := pattern.fullmatch(path)) is not None:
                return route, match.groupdict()
        return None

    def has_path(self, path: str) -> bool:
        """Return whether any method is routed at this path."""
        return any(pattern.fullmatch(path) is not None for pattern, _ in self._patterns)


_PARAMETER: Final = re.compile(r"\{(\w+)(:path)?\}")


def _pattern(template: str) -> re.Pattern[str]:
    """Return a template as a pattern: `{name}` is one path segment, `{name:path}` several."""
    escaped = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")

    def group(parameter: re.Match[str]) -> str:
        return f"(?P<{parameter[1]}>{'.+?' if parameter[2] else '[^/]+'})"

    return re.compile(_PARAMETER.sub(group, escaped) + "/?", re.IGNORECASE)
