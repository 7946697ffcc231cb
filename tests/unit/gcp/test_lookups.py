"""Networks that machines are put into."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from providers.gcp.lookups import find_network
from tests.unit.gcp.examples import HOME

REGION = "europe-west3"
SHARED = HOME.replace("acme", "host")


def test_the_subnets_of_a_shared_network_are_its_own_projects() -> None:
    """https://cloud.google.com/vpc/docs/shared-vpc: a service project has none of them."""
    network = f"{SHARED}/global/networks/lan"
    subnet = f"{SHARED}/regions/{REGION}/subnetworks/web"
    answers: dict[str, Any] = {
        "projects/host/global/networks/lan": {"selfLink": network},
        f"projects/host/regions/{REGION}/subnetworks": {
            "items": [{"selfLink": subnet, "network": network, "purpose": "PRIVATE"}]
        },
    }
    cloud: Any = SimpleNamespace(project="acme", read=lambda path, doing, **query: answers[path])
    found = find_network(cloud, REGION, "projects/host/global/networks/lan")
    assert found == {"subnetwork": subnet}
