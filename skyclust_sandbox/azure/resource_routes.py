"""The routes that every type of resource has, and the path prefixes that routes share."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure import tracked_resources
from skyclust_sandbox.azure.router import Handler, Route

SUBSCRIPTION: Final = "/subscriptions/{subscription}"
GROUP: Final = f"{SUBSCRIPTION}/resourceGroups/{{group}}"
COMPUTE: Final = f"{SUBSCRIPTION}/providers/Microsoft.Compute"
LOCATION: Final = f"{COMPUTE}/locations/{{location}}"


def resource_routes(
    noun: str, kind: str, put: Handler, patch: tuple[str, Handler], delete: Handler
) -> tuple[Route, ...]:
    """Return the routes that every kind of resource has, but for its lists."""
    one = f"{GROUP}/providers/{kind}/{{name}}"
    return (
        Route(f"{noun}_Get", "GET", one, tracked_resources.get(kind)),
        Route(f"{noun}_CreateOrUpdate", "PUT", one, put),
        Route(f"{noun}_{patch[0]}", "PATCH", one, patch[1]),
        Route(f"{noun}_Delete", "DELETE", one, delete),
    )


def list_routes(noun: str, kind: str, in_group: str, in_subscription: str) -> tuple[Route, ...]:
    """Return the routes of the two lists; Compute and Network have other names for them."""
    listed = tracked_resources.list_of(kind)
    return (
        Route(f"{noun}_{in_group}", "GET", f"{GROUP}/providers/{kind}", listed),
        Route(f"{noun}_{in_subscription}", "GET", f"{SUBSCRIPTION}/providers/{kind}", listed),
    )
