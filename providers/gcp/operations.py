"""Operations: what a change of Compute Engine runs as, awaited through our own clients.

`ExtendedOperation.result()` of google-cloud-compute asks the public endpoint, whichever one the
change was asked of. Source:
https://cloud.google.com/compute/docs/api/how-tos/api-requests-responses#handling_api_responses
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from providers.gcp.errors import built, class_for, odd_answer
from providers.gcp.links import ending
from providers.gcp.retries import READ_SECONDS, attempted, attempted_once
from skyclust.errors import Timeout

if TYPE_CHECKING:
    from google.cloud.compute_v1.types import Operation

    from providers.gcp.client import GcpClients

SHORT_SECONDS: Final = 30.0
"""How long a change that is only asked for is watched, for it may fail in its first seconds."""

GLANCE_SECONDS: Final = 2.0
"""How long a change is watched that takes minutes, for what refuses it at once."""

LONG_SECONDS: Final = 60.0
"""How long a change is awaited that others build on, such as a create."""

FIRST_LOOK_SECONDS: Final = 0.1
LONGEST_LOOK_SECONDS: Final = 2.0
"""Between two looks at an operation; each wait is half as long again as the one before."""

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "https://skyclust.example/gcp/request")


def request_id(*words: str) -> str:
    """Return the request ID of a change that has a token: the same for the same words."""
    return str(uuid5(_NAMESPACE, "\n".join(words)))


def fresh_request_id() -> str:
    """Return the request ID of a change without a token: its own attempts share it."""
    return str(uuid4())


def following(request: str, operation: str) -> str:
    """Return the request ID for asking again, after an operation that a request ID made failed."""
    return str(uuid5(UUID(request), operation))


def asked(method: Callable[..., Operation], request: dict[str, Any], doing: str) -> Operation:
    """Ask for a change by a `..._unary` method of a client and return its operation.

    The request has a `request_id`, so that several attempts are one change.
    """
    return _accepted(attempted(_call(method, request), doing), doing)


def asked_once(method: Callable[..., Operation], request: dict[str, Any], doing: str) -> Operation:
    """Ask for a change with one request, whatever becomes of its reply, and return its operation.

    Nothing below repeats it either: `retry=None` switches off google-api-core, requests repeats
    nothing by itself, and google-auth sends again only what was refused for its token (401).
    """
    return _accepted(attempted_once(_call(method, request), doing), doing)


def _call(method: Callable[..., Operation], request: dict[str, Any]) -> Callable[[], Operation]:
    return lambda: method(request=request, retry=None, timeout=READ_SECONDS)


def _accepted(operation: Operation, doing: str) -> Operation:
    """Return an operation; raises UnexpectedAnswer for an answer that is none."""
    if not operation.name:
        raise odd_answer(doing, "it is no operation")
    return operation


def awaited(clients: GcpClients, operation: Operation, doing: str, seconds: float) -> bool:
    """Wait for an operation, and return whether it is done within so many seconds.

    Raises what it failed with. Whoever asks for the change again awaits the same operation.
    """
    end = time.monotonic() + seconds
    pause = FIRST_LOOK_SECONDS
    while not is_done(operation):
        if time.monotonic() + pause > end:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_LOOK_SECONDS)
        operation = look(clients, operation, doing)
    raise_failure(operation, doing)
    return True


def finished(clients: GcpClients, operation: Operation, doing: str) -> None:
    """Wait for an operation that others build on; raises Timeout when it takes too long."""
    if not awaited(clients, operation, doing, LONG_SECONDS):
        raise Timeout(
            f"Could not {doing} within {LONG_SECONDS:.0f} s: operation {operation.name} goes on.",
            hint="Ask again: the same operation is awaited.",
            provider="gcp",
        )


def is_done(operation: Operation) -> bool:
    """Return whether an operation has ended, well or not."""
    return str(_word(operation.status)) == "DONE"


def look(clients: GcpClients, operation: Operation, doing: str) -> Operation:
    """Return an operation of a zone, or one of the whole project, as it is now."""
    where: dict[str, str] = {"project": clients.project, "operation": operation.name}
    client: Any
    if operation.zone:
        client, where["zone"] = clients.zone_operations(), ending(operation.zone)
    else:
        client = clients.global_operations()
    return _accepted(attempted(_call(client.get, where), doing), doing)


def raise_failure(operation: Operation, doing: str) -> None:
    """Raise the error of an operation that failed; do nothing for any other."""
    # google-api-core is imported with the first client, not with the provider.
    from google.api_core.exceptions import from_http_status  # noqa: PLC0415

    errors = list(operation.error.errors)
    if not errors and not operation.http_error_status_code:
        return
    status = int(operation.http_error_status_code or 500)
    codes = [error.code for error in errors] or [str(status)]
    said = "; ".join(error.message for error in errors) or operation.http_error_message
    cause = from_http_status(status, said, errors=errors)
    raise built(class_for(codes, status), codes, said, doing) from cause


def _word(status: Any) -> str:
    return str(getattr(status, "name", status))
