"""The operations of octavia v2."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.context import Route
from skyclust_sandbox.openstack.load_balancer.load_balancers import (
    create_load_balancer,
    delete_load_balancer,
    get_load_balancer,
    list_load_balancers,
    list_versions,
)


def _routes(version: str) -> tuple[Route, ...]:
    path = f"/{version}/lbaas/loadbalancers"
    return (
        Route("GET", path, "load_balancers.list", list_load_balancers),
        Route("POST", path, "load_balancers.create", create_load_balancer),
        Route("GET", f"{path}/<id>", "load_balancers.get", get_load_balancer),
        Route("DELETE", f"{path}/<id>", "load_balancers.delete", delete_load_balancer),
    )


ROUTES: Final = (
    Route("GET", "", "versions.list", list_versions, open=True),
    # Octavia serves both prefixes: catalogs and clients of different releases use either.
    *_routes("v2"),
    *_routes("v2.0"),
)
