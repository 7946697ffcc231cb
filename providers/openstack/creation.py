"""Creating a server exactly once.

Nova forgets what it was asked: a request that is repeated makes a second server. So the token
is put into the server with the request itself, as metadata and as a server tag, and looked for
before the request and after it. What becomes of two processes that do so at the same time
stands in `duplicate_servers`. A digest of what was asked for is beside the token, so that a token
with another request is refused.

Volumes are made by Nova with the server and deleted by it with the server. A floating address
is made after that (`floating_ips`).
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from providers.openstack.create_request import refuse_impossible, to_body, to_digest
from providers.openstack.duplicate_servers import SETTLE_SECONDS, follow, keep_or_yield, standing
from providers.openstack.fields import Json, required_id
from providers.openstack.flavors import find_flavor
from providers.openstack.floating_ips import give_address
from providers.openstack.instances import described
from providers.openstack.lookups import find_external_network, find_image, find_place
from providers.openstack.servers_by_token import refuse_silent_cells
from providers.openstack.tokens import REQUEST_KEY, to_mark
from skyclust.errors import Conflict, InvalidRequest, QuotaExceeded, Terminal, Unsupported
from skyclust.model.instance import Instance, InstanceSpec
from skyclust.providerkit.answers import require_object

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

ROUNDS: Final = 5
"""How often one call begins anew when all who created at once have given way."""


@dataclass(frozen=True)
class Plan:
    """What a request is made of, and where the server and its address go."""

    flavor: Json
    image: Json
    network: str | None
    external: str | None
    body: Json


def create_instance(clients: OpenStackClients, spec: InstanceSpec, token: str) -> Instance:
    """Ask for one server, or find the one that was made with the token, and return it.

    With a public address the call ends when the server has its port: some seconds. Whoever
    calls again goes on where an earlier call has stopped. Near a quota creators refuse each
    other: Nova counts all that are being made, and then takes them back. So what was refused
    for a quota is asked for once more, after a pause of random length.
    """
    mark = to_mark(token)
    refuse_impossible(spec)
    try:
        server = _created(clients, spec, mark)
    except QuotaExceeded:
        time.sleep(random.uniform(0.5, 2) * SETTLE_SECONDS)  # noqa: S311 - no secret
        server = _created(clients, spec, mark)
    return described(clients, spec.region, [server])[0]


def _created(clients: OpenStackClients, spec: InstanceSpec, mark: str) -> Json:
    """Return the server of the token, made now or before, with its address."""
    external: str | None = None
    server = _found(clients, spec, mark)
    for _ in range(ROUNDS):
        if server is not None:
            break
        plan = prepared(clients, spec, mark)
        external = plan.external
        server = _made(clients, spec, mark, plan.body)
        if server is None:
            time.sleep(random.uniform(0.5, 2) * SETTLE_SECONDS)  # noqa: S311 - no secret
            server = _found(clients, spec, mark)
    if server is None:
        raise Conflict(
            f"Several processes create {spec.name} in {spec.region} with token {mark}.",
            hint="Ask again with the same token.",
            provider="openstack",
        )
    if spec.public_address:
        external = external or _external(clients, spec)
        server = give_address(clients, spec.region, server, external)
    return server


def _found(clients: OpenStackClients, spec: InstanceSpec, mark: str) -> Json | None:
    """Return the server that was made with the token before, if any."""
    seen = standing(clients, spec.region, mark)
    if not seen:
        refuse_silent_cells(clients, spec.region)
        return None
    for server in seen:
        _refuse_other_request(spec, server)
    return follow(clients, spec.region, mark, seen)


def _refuse_other_request(spec: InstanceSpec, server: Json) -> None:
    if server["metadata"].get(REQUEST_KEY, to_digest(spec)) != to_digest(spec):
        raise InvalidRequest(
            f"Could not create {spec.name}: the token was used for another request, which made"
            f" {server['name']} ({server['id']}) in {spec.region}.",
            hint="Use a new token for another request.",
            provider="openstack",
        )


def prepared(clients: OpenStackClients, spec: InstanceSpec, mark: str) -> Plan:
    """Return the request for a server, with all that it names found.

    Raises NotFound, InvalidRequest or Unsupported for what the place lacks.
    """
    flavor = find_flavor(clients, spec.region, spec.type)
    image = find_image(clients, spec.region, spec.image)
    place = find_place(clients, spec.region, spec.network)
    body = to_body(
        spec,
        mark,
        flavor=flavor,
        image=image,
        place=place,
        microversion=clients.microversion(spec.region),
    )
    disks = body["server"].get("block_device_mapping_v2", ())
    if any(disk["destination_type"] == "volume" for disk in disks):
        clients.endpoint(spec.region, "block-storage")  # Unsupported without Cinder
    external: str | None = None
    if spec.public_address:
        if place is None:
            raise Unsupported(
                f"Region {spec.region} of this cloud has no Neutron, and so no public addresses.",
                provider="openstack",
            )
        external = find_external_network(clients, spec.region, place.network)
    return Plan(flavor, image, place.network if place else None, external, body)


def _external(clients: OpenStackClients, spec: InstanceSpec) -> str:
    place = find_place(clients, spec.region, spec.network)
    return find_external_network(clients, spec.region, place.network if place else "")


def _made(clients: OpenStackClients, spec: InstanceSpec, mark: str, body: Json) -> Json | None:
    """Return the server that stays after a request of ours; None where none did."""
    doing = f"create instance {spec.name} in {spec.region}"
    try:
        answer = clients.call(spec.region, "compute", "POST", "/servers", doing=doing, body=body)
    except (Terminal, Conflict):
        # What is refused may be taken by the server of another process with this token: a
        # quota, an address.
        seen = standing(clients, spec.region, mark)
        if not seen:
            raise
        return follow(clients, spec.region, mark, seen)
    made = require_object(answer, doing=doing, provider="openstack").get("server")
    made = dict(require_object(made, doing=doing, provider="openstack"))
    return keep_or_yield(clients, spec.region, mark, required_id(made))
