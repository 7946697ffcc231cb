"""Creating exactly one server for a token.

Nova has no idempotency key: a repeated request creates a second server. So the token is stored in
the server by the request itself, as metadata and as a server tag, and servers with the token are
searched for before the request and after it. `duplicate_servers` decides which server is kept
when two processes create at the same time. A digest of the spec is stored beside the token, so
that a token with another spec is refused.

Nova creates the volumes with the server and deletes them with it. A floating IP is created after
the server (`floating_ips`).
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from providers.openstack.create_request import to_body, to_digest
from providers.openstack.duplicate_servers import (
    SETTLE_SECONDS,
    keep_or_withdraw,
    live_servers,
    wait_for_one,
)
from providers.openstack.fields import Json, required_id
from providers.openstack.flavors import find_flavor
from providers.openstack.floating_ips import add_floating_ip
from providers.openstack.lookups import find_external_network, find_image, find_network
from providers.openstack.servers_by_token import require_all_cells
from providers.openstack.tokens import REQUEST_KEY
from skyclust.errors import Conflict, InvalidRequest, Terminal, Unsupported
from skyclust.model.instance import InstanceSpec
from skyclust.providerkit.answers import require_object

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

MAX_ROUNDS: Final = 5
"""How often one call starts again after all concurrent callers have withdrawn their servers."""


@dataclass(frozen=True)
class CreatePlan:
    """The body of a create request and the objects it refers to.

    `network` is None in a cloud without Neutron, `external_network` without a public address.
    """

    flavor: Json
    image: Json
    network: str | None
    external_network: str | None
    body: Json


def create_server(clients: OpenStackClients, spec: InstanceSpec, token_value: str) -> Json:
    """Return the server of the token, created now or before, with its floating IP.

    Raises Conflict when several processes keep creating with the token.
    """
    external: str | None = None
    server = _existing_server(clients, spec, token_value)
    for _ in range(MAX_ROUNDS):
        if server is not None:
            break
        plan = plan_create(clients, spec, token_value)
        external = plan.external_network
        server = _post_server(clients, spec, token_value, plan.body)
        if server is None:
            time.sleep(random.uniform(0.5, 2) * SETTLE_SECONDS)  # noqa: S311 - no secret
            server = _existing_server(clients, spec, token_value)
    if server is None:
        raise Conflict(
            f"Several processes create {spec.name} in {spec.region} with token {token_value}.",
            hint="Repeat the request with the same token.",
            provider="openstack",
        )
    if spec.public_address:
        external = external or _external_network(clients, spec)
        server = add_floating_ip(clients, spec.region, server, external)
    return server


def _existing_server(
    clients: OpenStackClients, spec: InstanceSpec, token_value: str
) -> Json | None:
    """Return the server that was created with the token before, None when there is none."""
    servers = live_servers(clients, spec.region, token_value)
    if not servers:
        require_all_cells(clients, spec.region)
        return None
    for server in servers:
        _require_same_spec(spec, server)
    return wait_for_one(clients, spec.region, token_value, servers)


def _require_same_spec(spec: InstanceSpec, server: Json) -> None:
    if server["metadata"].get(REQUEST_KEY, to_digest(spec)) != to_digest(spec):
        raise InvalidRequest(
            f"Could not create {spec.name}: the token was used for another request, which created"
            f" {server['name']} ({server['id']}) in {spec.region}.",
            hint="Use a new token for another request.",
            provider="openstack",
        )


def plan_create(clients: OpenStackClients, spec: InstanceSpec, token_value: str) -> CreatePlan:
    """Return the create request for a spec, with every name in it resolved.

    Raises NotFound, InvalidRequest or Unsupported for what the region lacks.
    """
    flavor = find_flavor(clients, spec.region, spec.type)
    image = find_image(clients, spec.region, spec.image)
    network = find_network(clients, spec.region, spec.network)
    body = to_body(
        spec,
        token_value,
        flavor=flavor,
        image=image,
        network=network,
        microversion=clients.microversion(spec.region),
    )
    disks = body["server"].get("block_device_mapping_v2", ())
    if any(disk["destination_type"] == "volume" for disk in disks):
        clients.endpoint(spec.region, "block-storage")  # Unsupported without Cinder
    external: str | None = None
    if spec.public_address:
        if network is None:
            raise Unsupported(
                f"Region {spec.region} of this cloud has no Neutron, and so no public addresses.",
                provider="openstack",
            )
        external = find_external_network(clients, spec.region, network)
    return CreatePlan(flavor, image, network, external, body)


def _external_network(clients: OpenStackClients, spec: InstanceSpec) -> str:
    network = find_network(clients, spec.region, spec.network)
    return find_external_network(clients, spec.region, network or "")


def _post_server(
    clients: OpenStackClients, spec: InstanceSpec, token_value: str, body: Json
) -> Json | None:
    """Create a server and return the one that is kept; None when every process withdrew its own."""
    doing = f"create instance {spec.name} in {spec.region}"
    try:
        answer = clients.call(spec.region, "compute", "POST", "/servers", doing=doing, body=body)
    except (Terminal, Conflict):
        # The server of another process with this token may hold what was refused: a quota, an
        # address.
        servers = live_servers(clients, spec.region, token_value)
        if not servers:
            raise
        return wait_for_one(clients, spec.region, token_value, servers)
    created = require_object(answer, doing=doing, provider="openstack").get("server")
    created = dict(require_object(created, doing=doing, provider="openstack"))
    return keep_or_withdraw(clients, spec.region, token_value, required_id(created))
