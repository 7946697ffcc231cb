"""Long-running operations of Compute Engine: submitting a change and waiting for it.

Operations are polled through the clients of `client`: `ExtendedOperation.result()` of
google-cloud-compute polls the public endpoint even when the change went to a private one. Source:
https://cloud.google.com/compute/docs/api/how-tos/api-requests-responses#handling_api_responses
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from providers.gcp.errors import build_error, error_class_for, unreadable_reply
from providers.gcp.links import last_segment
from providers.gcp.retries import with_retries, without_retries
from skyclust.errors import Timeout
from skyclust.providerkit.polling import FIRST_PAUSE_SECONDS, polls
from skyclust.providerkit.timeouts import READ_SECONDS, WAIT_SECONDS

if TYPE_CHECKING:
    from google.cloud.compute_v1.types import Operation

    from providers.gcp.client import GcpClients

START_SECONDS: Final = 30.0
"""How long the start of an instance is watched, which can fail in its first seconds."""

SNAPSHOT_SECONDS: Final = 2.0
"""How long a snapshot, which takes minutes, is watched for an immediate refusal."""

FIRST_POLL_SECONDS: Final = FIRST_PAUSE_SECONDS
"""Before the first poll of an operation that was just submitted."""

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "https://skyclust.example/gcp/request")


def request_id(*parts: str) -> str:
    """Return the request ID of a change that has a token: the same for the same parts."""
    return str(uuid5(_NAMESPACE, "\n".join(parts)))


def new_request_id() -> str:
    """Return the request ID of a change without a token, which its retries share."""
    return str(uuid4())


def next_request_id(previous: str, operation: str) -> str:
    """Return the request ID to use after an operation failed; derived from both arguments."""
    return str(uuid5(UUID(previous), operation))


def submit(method: Callable[..., Operation], request: dict[str, Any], doing: str) -> Operation:
    """Send a change by a `..._unary` method of a client, with retries; return its operation.

    The request has a `request_id`, so that Compute Engine treats all attempts as one change.
    """
    return _require_operation(with_retries(_call(method, request), doing), doing)


def submit_once(method: Callable[..., Operation], request: dict[str, Any], doing: str) -> Operation:
    """Send a change with exactly one request and return its operation.

    No layer below repeats it: `retry=None` switches off google-api-core's retries, requests has
    none by default, and google-auth repeats only a request that was refused with 401.
    """
    return _require_operation(without_retries(_call(method, request), doing), doing)


def _call(method: Callable[..., Operation], request: dict[str, Any]) -> Callable[[], Operation]:
    return lambda: method(request=request, retry=None, timeout=READ_SECONDS)


def _require_operation(operation: Operation, doing: str) -> Operation:
    """Return an operation; raises UnexpectedAnswer for a reply that is not an operation."""
    if not operation.name:
        raise unreadable_reply(doing, "it is not an operation")
    return operation


def poll_operation(clients: GcpClients, operation: Operation, doing: str, seconds: float) -> bool:
    """Poll an operation for some seconds; return whether it is done by then.

    Raises the error of an operation that failed.
    """
    for poll in polls(seconds, first=FIRST_POLL_SECONDS):
        if poll:
            operation = fetch_operation(clients, operation, doing)
        if is_done(operation):
            raise_operation_error(operation, doing)
            return True
    return False


def wait_until_done(clients: GcpClients, operation: Operation, doing: str) -> None:
    """Wait for an operation that later steps depend on.

    Raises the error of an operation that failed, and Timeout after `WAIT_SECONDS`.
    """
    if not poll_operation(clients, operation, doing, WAIT_SECONDS):
        raise Timeout(
            f"Could not {doing} within {WAIT_SECONDS:.0f} s: operation {operation.name} is still"
            " running.",
            hint="Try again: the same operation is awaited.",
            provider="gcp",
        )


def is_done(operation: Operation) -> bool:
    """Return whether an operation has ended, successfully or not."""
    status: Any = operation.status
    return str(getattr(status, "name", status)) == "DONE"


def fetch_operation(clients: GcpClients, operation: Operation, doing: str) -> Operation:
    """Return the current state of an operation, from its zone or from the project."""
    request: dict[str, str] = {"project": clients.project, "operation": operation.name}
    client: Any
    if operation.zone:
        client, request["zone"] = clients.zone_operations(), last_segment(operation.zone)
    else:
        client = clients.global_operations()
    return _require_operation(with_retries(_call(client.get, request), doing), doing)


def raise_operation_error(operation: Operation, doing: str) -> None:
    """Raise the error of an operation that failed; return for any other operation."""
    # google-api-core is imported with the first client, not with the provider.
    from google.api_core.exceptions import from_http_status  # noqa: PLC0415

    errors = list(operation.error.errors)
    if not errors and not operation.http_error_status_code:
        return
    status = int(operation.http_error_status_code or 500)
    codes = [error.code for error in errors] or [str(status)]
    message = "; ".join(error.message for error in errors) or operation.http_error_message
    cause = from_http_status(status, message, errors=errors)
    raise build_error(error_class_for(codes, status), codes, message, doing) from cause
