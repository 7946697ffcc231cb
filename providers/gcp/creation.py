"""Creating an instance exactly once.

The token is a label of the instance and of its disks, and the request ID of instances.insert is
derived from it: Compute Engine ignores a second request with a request ID that it has seen
(https://cloud.google.com/compute/docs/instances/create-start-instance, requestId). Because it
forgets request IDs after some time, the label is looked up first. Two instances of a zone never
have the same name, so a request that passes both checks is refused by its name, and the label
shows which token the existing instance was created with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from providers.gcp import fields
from providers.gcp.create_request import check_spec, spec_digest, to_insert_body
from providers.gcp.errors import normalize_reason
from providers.gcp.instances import (
    fetch_by_token,
    numeric_id_of,
    state_of,
    to_instance,
    zone_of,
)
from providers.gcp.labels import REQUEST, TOKEN, to_label
from providers.gcp.leftovers import delete_disks_of_failed_insert
from providers.gcp.lookups import find_image, find_network, find_zone
from providers.gcp.operations import (
    is_done,
    next_request_id,
    raise_operation_error,
    request_id,
    submit,
    wait_until_done,
)
from skyclust.errors import InvalidRequest, NotFound, SkyClustError, Terminal
from skyclust.model.instance import Instance, InstanceSpec, InstanceState
from skyclust.providerkit.polling import polls
from skyclust.providerkit.timeouts import WAIT_SECONDS

if TYPE_CHECKING:
    from google.cloud.compute_v1.types import Operation

    from providers.gcp.client import GcpClients, JsonObject

MAX_FAILED_OPERATIONS: Final = 10
"""The most failed operations of earlier attempts with a token that one call skips."""

_NAME_IN_USE: Final = frozenset({"alreadyexists", "resourcealreadyexists"})


def create_instance(clients: GcpClients, spec: InstanceSpec, token: str) -> Instance:
    """Create an instance, or find the instance that was created with the token; return it.

    Waits until Google has allocated the instance, so that a lack of capacity is raised here.
    Raises Timeout when that takes longer than a minute; a repeated call continues the wait.
    """
    check_spec(spec)
    label = to_label(token)
    for vm in fetch_by_token(clients, spec.region, token):
        if (allocated := _wait_for_allocation(clients, vm)) is not None:
            return _require_same_spec(spec, allocated)
    zone = find_zone(clients, spec.region, spec.zone, spec.type, label)
    body = to_insert_body(
        spec,
        label,
        zone=zone,
        image=find_image(clients, spec.image),
        network=find_network(clients, spec.region, spec.network),
    )
    try:
        _insert(clients, zone, body, label)
    except InvalidRequest as error:
        if normalize_reason(error.code) not in _NAME_IN_USE:
            raise
        return _require_same_spec(spec, _fetch_by_name(clients, zone, spec.name, label, error))
    return _require_same_spec(spec, _fetch_by_name(clients, zone, spec.name, label))


def _insert(clients: GcpClients, zone: str, body: dict[str, Any], label: str) -> None:
    """Call instances.insert; raises the error of its operation.

    Compute Engine may return the failed operation of an earlier attempt for a known request ID.
    Such an operation created nothing. It is skipped: the next request ID is derived from it, so
    that every process with the token sends the same one.
    """
    doing = f"create instance {body['name']} in {zone}"
    request = request_id("insert", label, zone, body["name"])
    for _ in range(MAX_FAILED_OPERATIONS):
        operation = submit(
            clients.instances().insert_unary,
            {
                "project": clients.project,
                "zone": zone,
                "request_id": request,
                "instance_resource": body,
            },
            doing,
        )
        if not is_done(operation):
            _wait_for_insert(clients, zone, label, operation, doing)
            return
        try:
            raise_operation_error(operation, doing)
        except SkyClustError as error:
            failure = error
            delete_disks_of_failed_insert(clients, zone, label, operation)
            request = next_request_id(request, operation.name)
        else:
            return
    raise failure


def _wait_for_insert(
    clients: GcpClients, zone: str, label: str, operation: Operation, doing: str
) -> None:
    try:
        wait_until_done(clients, operation, doing)
    except Terminal:
        delete_disks_of_failed_insert(clients, zone, label, operation)
        raise


def _wait_for_allocation(clients: GcpClients, vm: JsonObject) -> JsonObject | None:
    """Return an existing instance once it is allocated; None when its allocation failed.

    Its operation belongs to another process, so the instance itself is polled. An instance that
    is still PENDING after a minute is returned.
    """
    zone, number = zone_of(vm), numeric_id_of(vm)
    doing = f"read instance {number} in {zone}"
    for poll in polls(WAIT_SECONDS):
        if poll:
            try:
                vm = clients.get(f"zones/{zone}/instances/{number}", doing, kind="instance")
            except NotFound:
                return None
        if state_of(vm) is not InstanceState.PENDING:
            break
    return vm


def _fetch_by_name(
    clients: GcpClients,
    zone: str,
    name: str,
    label: str,
    refusal: InvalidRequest | None = None,
) -> JsonObject:
    """Return the instance that has a name, if it was created with the token.

    `refusal` is the error of instances.insert when it refused the name. Raises it when the name
    that is in use is not that of the instance, and InvalidRequest when the instance has another
    token.
    """
    doing = f"read instance {name} in {zone}"
    try:
        vm = clients.get(f"zones/{zone}/instances/{name}", doing, kind="instance")
    except NotFound:
        if refusal is None:
            raise
        # The name of one of its disks is in use.
        raise refusal from refusal.__cause__
    if fields.labels(vm).get(TOKEN) != label:
        raise InvalidRequest(
            f"Could not create {name}: there is another instance of that name in {zone}.",
            hint="Choose another name or another zone.",
            provider="gcp",
            code=refusal.code if refusal else "",
        ) from refusal
    return vm


def _require_same_spec(spec: InstanceSpec, vm: JsonObject) -> Instance:
    """Return the instance of a token; raises InvalidRequest when it has another spec."""
    if fields.labels(vm).get(REQUEST) != spec_digest(spec):
        raise InvalidRequest(
            f"Could not create {spec.name}: the token was used for another request"
            f" (instance {numeric_id_of(vm)}).",
            hint="Use a new token.",
            provider="gcp",
        )
    return to_instance(spec.region, vm)
