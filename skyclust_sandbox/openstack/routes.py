"""The URL map of all services."""

from __future__ import annotations

from typing import Final

from werkzeug.routing import Map, Rule

from skyclust_sandbox.openstack.compute.routes import ROUTES as COMPUTE
from skyclust_sandbox.openstack.context import PREFIXES, Route
from skyclust_sandbox.openstack.directory import REGIONS
from skyclust_sandbox.openstack.identity.routes import ROUTES as IDENTITY
from skyclust_sandbox.openstack.image.routes import ROUTES as IMAGE
from skyclust_sandbox.openstack.load_balancer.routes import ROUTES as BALANCING
from skyclust_sandbox.openstack.network.routes import ROUTES as NETWORK
from skyclust_sandbox.openstack.rating.routes import ROUTES as RATING
from skyclust_sandbox.openstack.volume.routes import ROUTES as VOLUME

ROUTES: Final[dict[str, tuple[Route, ...]]] = {
    "identity": IDENTITY,
    "compute": COMPUTE,
    "image": IMAGE,
    "network": NETWORK,
    "block-storage": VOLUME,
    "load-balancer": BALANCING,
    "rating": RATING,
}
"""The operations of each service, by service type."""


def _rules() -> list[Rule]:
    regions = f"<any({', '.join(REGIONS)}):region>"
    rules = []
    for service, routes in ROUTES.items():
        region = "" if service == "identity" else f"/{regions}"
        for route in routes:
            rules.append(
                Rule(
                    f"{region}/{PREFIXES[service]}{route.path}",
                    methods=[route.method],
                    endpoint=(service, route),
                )
            )
    return rules


MAP: Final = Map(_rules(), strict_slashes=False, merge_slashes=False)
