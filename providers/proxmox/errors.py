"""One table from what Proxmox VE answers and proxmoxer raises to the errors of SkyClust.

Proxmox VE answers nearly everything that goes wrong with HTTP 500 and a sentence, and a task
that fails ends with such a sentence as its exit status. So the sentences are looked up, in the
order of the table; then the HTTP status counts. What requests raises is looked up by class.
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

# The sentences stand in the sources at https://git.proxmox.com (qemu-server, pve-container,
# pve-guest-common, pve-storage, pve-cluster, pve-manager). The first match counts.
_SENTENCES: Final[tuple[tuple[type[SkyClustError], str], ...]] = (
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
SENTENCES: Final = tuple((ours, re.compile(text, re.IGNORECASE)) for ours, text in _SENTENCES)

# https://pve.proxmox.com/wiki/Proxmox_VE_API; 595 to 599 are those of AnyEvent::HTTP, by which
# a node tells that it cannot reach the node that is asked for.
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

# Classes of requests.exceptions, proxmoxer.core and json by name: they are not imported for a
# table. What is not here is looked up by the classes it comes from.
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
    595: "Is the node on? What runs there cannot be read or changed until it is.",
}
_CERTIFICATE_HINT: Final = (
    "Is the node's certificate trusted? Give its CA certificate or its fingerprint."
)
_ODD_HINT: Final = "Is a proxy or another service answering at the endpoint?"


def class_for(status: int, sentence: str) -> type[SkyClustError]:
    """Return our class for an answer: what says 500 says more in its sentence."""
    if status in STATUSES:
        return STATUSES[status]
    return class_of_sentence(sentence) or (Unavailable if status >= 500 else InvalidRequest)


def class_of_sentence(sentence: str) -> type[SkyClustError] | None:
    """Return our class for a sentence of Proxmox VE, None for one that is not in the table."""
    return next((ours for ours, text in SENTENCES if text.search(sentence)), None)


def task_error(exit_status: str, doing: str) -> SkyClustError:
    """Return our error for a task that ended with an exit status other than OK.

    A sentence that is not in the table is taken for final: whatever broke, it broke half way.
    """
    ours = class_of_sentence(exit_status) or InvalidRequest
    return _built(ours, exit_status, doing, code="task")


def translated(
    error: Exception, doing: str, retry_after: float | None = None
) -> SkyClustError | None:
    """Return our error for one of proxmoxer's or requests'; None for any other.

    `doing` completes "Could not ...". `retry_after` is what the answer asked to wait, in
    seconds: with it a 503 comes from a proxy that protects the cluster.
    """
    status: Any = getattr(error, "status_code", None)
    if isinstance(status, int) and type(error).__name__ == "ResourceException":
        return _from_answer(error, status, doing, retry_after)
    for kind in type(error).__mro__:
        if kind.__module__.split(".")[0] in {"requests", "proxmoxer", "json"} and (
            ours := ERROR_CLASSES.get(kind.__name__)
        ):
            hint = _CERTIFICATE_HINT if kind.__name__ == "SSLError" else ""
            hint = _ODD_HINT if ours is UnexpectedAnswer else hint
            name = type(error).__name__
            return _built(ours, f"{name}: {error}", doing, code=name, hint=hint)
    return None


def _from_answer(
    error: Exception, status: int, doing: str, retry_after: float | None
) -> SkyClustError:
    sentence = str(getattr(error, "content", "") or "")
    fields: Any = getattr(error, "errors", None)
    if isinstance(fields, dict):
        told = "; ".join(f"{name}: {str(text).strip()}" for name, text in sorted(fields.items()))
        sentence = f"{sentence.rstrip('. ')}: {told}" if told else sentence
    ours = class_for(status, sentence)
    if retry_after is not None and status in {429, 503}:
        ours = Throttled
    built = _built(ours, sentence, doing, code=str(status), hint=_STATUS_HINTS.get(status, ""))
    if isinstance(built, Throttled):
        built.retry_after = retry_after
    return built


def _built(
    ours: type[SkyClustError], sentence: str, doing: str, *, code: str, hint: str = ""
) -> SkyClustError:
    said = sentence.strip().rstrip(".") or "Proxmox VE gave no reason"
    found = next((text for pattern, text in _HINTS if re.search(pattern, said, re.I)), hint)
    return ours(f"Could not {doing}: {said}.", hint=found, provider="proxmox", code=code)


@contextmanager
def proxmox_errors(doing: str) -> Iterator[None]:
    """Raise what proxmoxer or requests raise inside as an error of our tree, with its cause."""
    try:
        yield
    except Exception as error:
        ours = translated(error, doing)
        if ours is None:
            raise
        raise ours from error
