"""The routes that most resource types have, and the path prefixes that routes share."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure import tracked_resources
from skyclust_sandbox.azure.router import Handler, Route

SUBSCRIPTION: Final = "/subscriptions/{subscription}"
GROUP: Final = f"{SUBSCRIPTION}/resourceGroups/{{group}}"
COMPUTE: Final = f"{SUBSCRIPTION}/providers/Microsoft.Compute"
LOCATION: Final = f"{COMPUTE}/locations/{{location}}"


def resource_routes(
    operation_group: str,
    resource_type: str,
    *,
    create_or_update: Handler,
    patch: tuple[str, Handler],
    delete: Handler,
) -> tuple[Route, ...]:
    """Return the routes of one resource of a type; `patch` is the PATCH operation's name too."""
    path = f"{GROUP}/providers/{resource_type}/{{name}}"
    return (
        Route(f"{operation_group}_Get", "GET", path, tracked_resources.get_handler(resource_type)),
        Route(f"{operation_group}_CreateOrUpdate", "PUT", path, create_or_update),
        Route(f"{operation_group}_{patch[0]}", "PATCH", path, patch[1]),
        Route(f"{operation_group}_Delete", "DELETE", path, delete),
    )


def list_routes(
    operation_group: str, resource_type: str, in_group: str, in_subscription: str
) -> tuple[Route, ...]:
    """Return the routes of the lists of a type in a resource group and in a subscription.

    Compute and Network name these two operations differently.
    """
    handler = tracked_resources.list_handler(resource_type)
    return (
        Route(
            f"{operation_group}_{in_group}", "GET", f"{GROUP}/providers/{resource_type}", handler
        ),
        Route(
            f"{operation_group}_{in_subscription}",
            "GET",
            f"{SUBSCRIPTION}/providers/{resource_type}",
            handler,
        ),
    )
