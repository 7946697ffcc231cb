"""Looking up the network of an instance."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from providers.gcp.lookups import find_network
from tests.unit.gcp.examples import HOME

REGION = "europe-west3"
SHARED = HOME.replace("acme", "host")


def test_the_subnets_of_a_shared_network_belong_to_its_host_project() -> None:
    """https://cloud.google.com/vpc/docs/shared-vpc: a service project has none of them."""
    network = f"{SHARED}/global/networks/lan"
    subnet = f"{SHARED}/regions/{REGION}/subnetworks/web"
    replies: dict[str, Any] = {
        "projects/host/global/networks/lan": {"selfLink": network},
        f"projects/host/regions/{REGION}/subnetworks": {
            "items": [{"selfLink": subnet, "network": network, "purpose": "PRIVATE"}]
        },
    }
    cloud: Any = SimpleNamespace(project="acme", get=lambda path, doing, **query: replies[path])
    network_fields = find_network(cloud, REGION, "projects/host/global/networks/lan")
    assert network_fields == {"subnetwork": subnet}
