"""Creating an instance exactly once.

The token is a label of the machine and of its disks, and what the request ID of
instances.insert is made of: Google ignores a second request with the ID of one that it has seen
(https://cloud.google.com/compute/docs/instances/create-start-instance, requestId). It forgets an
ID one day, so the label is looked for first; and two machines of a zone never have one name, so
a request that passes both is refused, and the label tells whose the machine is.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from providers.gcp import fields
from providers.gcp.create_request import refuse_impossible, to_digest, to_request
from providers.gcp.errors import plain
from providers.gcp.instances import fetch_by_token, number_of, state_of, to_instance, zone_of
from providers.gcp.labels import REQUEST, TOKEN, to_label
from providers.gcp.leftovers import delete_made_by
from providers.gcp.lookups import find_image, find_network, find_zone
from providers.gcp.operations import (
    LONG_SECONDS,
    LONGEST_LOOK_SECONDS,
    asked,
    finished,
    following,
    is_done,
    raise_failure,
    request_id,
)
from skyclust.errors import InvalidRequest, NotFound, SkyClustError, Terminal
from skyclust.model.instance import Instance, InstanceSpec, InstanceState

if TYPE_CHECKING:
    from google.cloud.compute_v1.types import Operation

    from providers.gcp.client import Answer, GcpClients

REMEMBERED: Final = 10
"""As many failed attempts with one token are stepped over in one call."""

_TAKEN: Final = frozenset({"alreadyexists", "resourcealreadyexists"})


def create_instance(clients: GcpClients, spec: InstanceSpec, token: str) -> Instance:
    """Ask for one instance, or find the one that was made with the token, and return it.

    Waits until Google has a place for it, so that a lack of capacity is raised here; raises
    Timeout when that takes longer than a minute, and a repeated call goes on there.
    """
    refuse_impossible(spec)
    label = to_label(token)
    for machine in fetch_by_token(clients, spec.region, token):
        if (settled := _settled(clients, machine)) is not None:
            return _checked(spec, settled)
    zone = find_zone(clients, spec.region, spec.zone, spec.type, label)
    resource = to_request(
        spec,
        label,
        zone=zone,
        image=find_image(clients, spec.image),
        network=find_network(clients, spec.region, spec.network),
    )
    try:
        _insert(clients, zone, resource, label)
    except InvalidRequest as error:
        if plain(error.code) not in _TAKEN:
            raise
        return _checked(spec, _of_the_name(clients, zone, spec.name, label, error))
    return _checked(spec, _of_the_name(clients, zone, spec.name, label))


def _insert(clients: GcpClients, zone: str, resource: dict[str, Any], label: str) -> None:
    """Have a machine made; raises what Google's operation fails with.

    Google may remember the failed operation of an earlier attempt by its request ID. It made
    nothing, so it is stepped over, the same way by whoever comes here with the token.
    """
    doing = f"create instance {resource['name']} in {zone}"
    request = request_id("insert", label, zone, resource["name"])
    for _ in range(REMEMBERED):
        operation = asked(
            clients.instances().insert_unary,
            {
                "project": clients.project,
                "zone": zone,
                "request_id": request,
                "instance_resource": resource,
            },
            doing,
        )
        if not is_done(operation):
            _await_insert(clients, zone, label, operation, doing)
            return
        try:
            raise_failure(operation, doing)
        except SkyClustError as error:
            failure = error
            delete_made_by(clients, zone, label, operation)
            request = following(request, operation.name)
        else:
            return
    raise failure


def _await_insert(
    clients: GcpClients, zone: str, label: str, operation: Operation, doing: str
) -> None:
    try:
        finished(clients, operation, doing)
    except Terminal:
        delete_made_by(clients, zone, label, operation)
        raise


def _settled(clients: GcpClients, machine: Answer) -> Answer | None:
    """Return a machine that was found once Google has a place for it; None when it has none.

    The operation that makes it is another process's. A machine that is still on its way after a
    minute is returned as it is.
    """
    zone, number = zone_of(machine), number_of(machine)
    end = time.monotonic() + LONG_SECONDS
    pause = 0.2
    while state_of(machine) is InstanceState.PENDING and time.monotonic() < end:
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_LOOK_SECONDS)
        doing = f"read instance {number} in {zone}"
        try:
            machine = clients.read(f"zones/{zone}/instances/{number}", doing, kind="instance")
        except NotFound:
            return None
    return machine


def _of_the_name(
    clients: GcpClients, zone: str, name: str, label: str, taken: InvalidRequest | None = None
) -> Answer:
    """Return the machine that has a name now, if it was made with the token.

    `taken` is Google's refusal of the name, when it was refused.
    """
    doing = f"read instance {name} in {zone}"
    try:
        machine = clients.read(f"zones/{zone}/instances/{name}", doing, kind="instance")
    except NotFound:
        if taken is None:
            raise
        # Something else has the name of one of its parts.
        raise taken from taken.__cause__
    if fields.labels(machine).get(TOKEN) != label:
        raise InvalidRequest(
            f"Could not create {name}: there is another instance of that name in {zone}.",
            hint="Choose another name or another zone.",
            provider="gcp",
            code=taken.code if taken else "",
        ) from taken
    return machine


def _checked(spec: InstanceSpec, machine: Answer) -> Instance:
    """Return the machine of a token; raises InvalidRequest when it was made from another spec."""
    if fields.labels(machine).get(REQUEST) != to_digest(spec):
        raise InvalidRequest(
            f"Could not create {spec.name}: the token was used for another request"
            f" (instance {number_of(machine)}).",
            hint="Use a new token.",
            provider="gcp",
        )
    return to_instance(spec.region, machine)
