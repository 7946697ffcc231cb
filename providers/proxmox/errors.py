"""The mapping of replies of Proxmox VE and exceptions of proxmoxer to the errors of SkyClust.

Proxmox VE reports nearly every error with HTTP 500 and a message, and a task that fails has such a
message as its exit status. So the messages are matched, in the order of the table; then the HTTP
status decides. Exceptions of requests are looked up by class.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
    ConfigurationError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
    UnexpectedAnswer,
    Unsupported,
)
from skyclust.providerkit.error_context import ENDPOINT_HINT, ErrorContext

_ERRORS: Final = ErrorContext("proxmox", "Proxmox VE")

# The messages are in the sources at https://git.proxmox.com (qemu-server, pve-container,
# pve-guest-common, pve-storage, pve-cluster, pve-manager). The first match decides.
_MESSAGES: Final[tuple[tuple[type[SkyClustError], str], ...]] = (
    (PermissionDenied, r"permission check failed|missing privileges|only root can|only root may"),
    (PermissionDenied, r"is not a valid token ID"),
    (Unavailable, r"^internal server error|^service unavailable|^bad gateway"),
    (Unavailable, r"no quorum|ipcc_send_rec|connection check for storage .* failed"),
    (Unavailable, r"storage '.*' is not online|hostname lookup '.*' failed.*try again"),
    (Unavailable, r"unable to get device mapping|target node '.*' is offline"),
    (CapacityExhausted, r"no space left|not enough (free )?space|out of space|insufficient free"),
    (CapacityExhausted, r"cannot allocate memory|out of memory|unable to get any free VMID"),
    (CapacityExhausted, r"MAX \d+ vcpus allowed|only \d+ cpus available"),
    (QuotaExceeded, r"disk quota exceeded|dquot|refquota"),
    (NotFound, r"configuration file '.*' does not exist|unable to find configuration file"),
    (NotFound, r"no such (vm|ct|task|storage|snapshot|cluster node)|hostname lookup '.*' failed"),
    (NotFound, r"(storage|bridge|volume|disk|node|snapshot) '.*' does not exist"),
    (NotFound, r"(sdn \w+|target node|script|group|authentication domain) '.*' does not exist"),
    (NotFound, r"disk '.*' for vm '.*' does not exist|can't find file"),
    (Conflict, r"can't lock file|is locked \(|got timeout.*lock|lost '.*' config lock"),
    (Conflict, r"failed to obtain guest migration lock|cfs-lock '.*' error|got lock (request )?ti"),
    (Conflict, r"checksum mismatch|unexpected state change|got wrong lock|missing snapshot lock"),
    (Conflict, r"encountered invalid lock|no lock found trying|found lock '.*' trying"),
    (Conflict, r"wrong snapshot state|received interrupt|got signal"),
    (Conflict, r"vm is running$|is running - destroy failed|already running|not running$"),
    (Conflict, r"already exists|config file already exists|name '.*' already used"),
    (Conflict, r"volume is still in use|is paused - cannot shutdown|container did not stop"),
    (Conflict, r"could not remove reboot request|replication job '.*' - run replication"),
    (Timeout, r"got timeout"),
    (Unavailable, r"failed to open container \d+'s command socket"),
    (InvalidRequest, r"not (possible|allowed|supported|available|implemented|set|defined)"),
    (InvalidRequest, r"is not (available|supported)|does not (support|allow|look like|exist)"),
    (InvalidRequest, r"unable to (parse|use|create|read|remove|modify|delete|shrink|rollback)"),
    (InvalidRequest, r"can't (clone|rollback|resize|unplug|delete|take|start|overwrite|remove)"),
    (InvalidRequest, r"cannot|you can'?t|protection mode|in use|invalid|bigger than|too (lar|old)"),
    (InvalidRequest, r"missing|is disabled|no (storage|sdn|options|server|datastore)|must be|must"),
    (InvalidRequest, r"failed|QEMU exited|error|shrinking|already at specified|not a QEMU image"),
    (InvalidRequest, r"has no associated volume|requires|only (be|for|compatible|support)"),
    (InvalidRequest, r"ambiguous|called with|unknown|has to be|couldn't|unexpe|not support|needed"),
    (InvalidRequest, r"could not determine|supports only|not compatible|please set|no block node"),
    (InvalidRequest, r"is not (in|executable)|too many|found no device|internal|is also mapped"),
)  # fmt: skip
MESSAGES: Final = tuple((ours, re.compile(text, re.IGNORECASE)) for ours, text in _MESSAGES)

# https://pve.proxmox.com/wiki/Proxmox_VE_API; 595 to 599 are those of AnyEvent::HTTP, by which
# a node reports that it cannot reach the requested node.
STATUSES: Final[Mapping[int, type[SkyClustError]]] = {
    400: InvalidRequest,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    408: Timeout,
    413: InvalidRequest,
    429: Throttled,
    501: Unsupported,
    502: Unavailable,
    503: Unavailable,
    504: Timeout,
    595: Unavailable,
    596: Unavailable,
    597: Unavailable,
    598: Unavailable,
    599: Unavailable,
}

# Classes of requests.exceptions, proxmoxer.core and json by name, so that they need not be
# imported. A class that is not in the table is looked up by its base classes.
ERROR_CLASSES: Final[Mapping[str, type[SkyClustError]]] = {
    "AuthenticationError": AuthenticationFailed,
    "ChunkedEncodingError": Unavailable,
    "ConnectTimeout": Timeout,
    "ConnectionError": Unavailable,
    "ContentDecodingError": UnexpectedAnswer,
    "InvalidHeader": ConfigurationError,
    "InvalidJSONError": UnexpectedAnswer,
    "InvalidProxyURL": ConfigurationError,
    "InvalidSchema": ConfigurationError,
    "InvalidURL": ConfigurationError,
    "JSONDecodeError": UnexpectedAnswer,
    "MissingSchema": ConfigurationError,
    "ProxyError": Unavailable,
    "ReadTimeout": Timeout,
    "RequestException": Unavailable,
    "RetryError": Unavailable,
    "SSLError": Unavailable,
    "StreamConsumedError": Unavailable,
    "Timeout": Timeout,
    "TooManyRedirects": Unavailable,
    "URLRequired": ConfigurationError,
    "UnrewindableBodyError": Unavailable,
    "HTTPError": Unavailable,
}

_HINTS: Final[tuple[tuple[str, str], ...]] = (
    (r"no quorum", "More than half of the nodes have to see each other: look at `pvecm status`."),
    (r"is locked \(", "If no task runs on it any more, free it at its node: `qm unlock VMID`."),
    (r"protection mode", "Switch its protection off first."),
    (r"uses local storage", "Name the node of the template as zone, or use shared storage."),
    (r"snapshot feature is not available", "A storage of its disks cannot take snapshots."),
    (r"Sys\.Modify for modifying tag", "Allow free tags in the datacenter's options."),
)
_STATUS_HINTS: Final[Mapping[int, str]] = {
    401: "Check user, realm, token name and secret, and that the token has not expired.",
    403: "Give the token the privilege on that path; `skyclust credential verify` lists all.",
    595: "Is the node on? Its guests cannot be read or changed until it is.",
}
_CERTIFICATE_HINT: Final = (
    "Is the node's certificate trusted? Give its CA certificate or its fingerprint."
)


def class_for(status: int, message: str) -> type[SkyClustError]:
    """Return our class for a reply: by its status, or by its message when the status is 500."""
    if status in STATUSES:
        return STATUSES[status]
    return class_of_message(message) or (Unavailable if status >= 500 else InvalidRequest)


def class_of_message(message: str) -> type[SkyClustError] | None:
    """Return our class for a message of Proxmox VE; None when no pattern matches."""
    return next((ours for ours, text in MESSAGES if text.search(message)), None)


def task_error(exit_status: str, doing: str) -> SkyClustError:
    """Return our error for a task that ended with an exit status other than OK.

    A message that no pattern matches is InvalidRequest, which is not retried: the task may have
    done half of its work.
    """
    ours = class_of_message(exit_status) or InvalidRequest
    return _to_error(ours, exit_status, doing, code="task")


def translated(
    error: Exception, doing: str, retry_after: float | None = None
) -> SkyClustError | None:
    """Return our error for an exception of proxmoxer or requests; None for any other.

    `doing` completes "Could not ...". `retry_after` are the seconds of a Retry-After
    header: a 503 with one comes from a proxy that protects the cluster, and is Throttled.
    """
    status: Any = getattr(error, "status_code", None)
    if isinstance(status, int) and type(error).__name__ == "ResourceException":
        return _from_reply(error, status, doing, retry_after)
    for kind in type(error).__mro__:
        if kind.__module__.split(".")[0] in {"requests", "proxmoxer", "json"} and (
            ours := ERROR_CLASSES.get(kind.__name__)
        ):
            hint = _CERTIFICATE_HINT if kind.__name__ == "SSLError" else ""
            hint = ENDPOINT_HINT if ours is UnexpectedAnswer else hint
            name = type(error).__name__
            return _to_error(ours, f"{name}: {error}", doing, code=name, hint=hint)
    return None


def _from_reply(
    error: Exception, status: int, doing: str, retry_after: float | None
) -> SkyClustError:
    message = str(getattr(error, "content", "") or "")
    fields: Any = getattr(error, "errors", None)
    if isinstance(fields, dict):
        details = "; ".join(f"{name}: {str(text).strip()}" for name, text in sorted(fields.items()))
        message = f"{message.rstrip('. ')}: {details}" if details else message
    ours = class_for(status, message)
    if retry_after is not None and status in {429, 503}:
        ours = Throttled
    built = _to_error(ours, message, doing, code=str(status), hint=_STATUS_HINTS.get(status, ""))
    if isinstance(built, Throttled):
        built.retry_after = retry_after
    return built


def _to_error(
    ours: type[SkyClustError], message: str, doing: str, *, code: str, hint: str = ""
) -> SkyClustError:
    hint = next((text for pattern, text in _HINTS if re.search(pattern, message, re.I)), hint)
    return _ERRORS.error(ours, doing, message, code=code, hint=hint, show_code=False)


@contextmanager
def proxmox_errors(doing: str) -> Iterator[None]:
    """Raise errors of proxmoxer and requests as errors of our tree, with the cause."""
    with _ERRORS.translating(doing, translated, foreign=False):
        yield
