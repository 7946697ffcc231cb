"""The exceptions of requests and messages of Proxmox VE that are not mapped.

fakepve carries the errors of Proxmox VE's own sources, by operation. The file is read, fakepve
itself is not imported.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from importlib.metadata import distribution
from typing import Any, Final

import requests.exceptions

from providers.proxmox.errors import ERROR_CLASSES, STATUSES, class_of_message

CALLED: Final = re.compile(
    r"GET /(cluster/(resources|status|nextid)|access/permissions|nodes|nodes/\{node\}/(network"
    r"|tasks|tasks/\{upid\}/status|storage/\{storage\}/content|(qemu|lxc)(/\{vmid\}/(config"
    r"|snapshot|status/current))?))"
    r"|POST /access/ticket"
    r"|POST /nodes/\{node\}/(qemu|lxc)(/\{vmid\}/(clone|config|snapshot|status/(start|stop"
    r"|shutdown|reboot|resume)|snapshot/\{snapname\}/rollback))?"
    r"|PUT /nodes/\{node\}/(qemu|lxc)/\{vmid\}/(config|resize)"
    r"|DELETE /nodes/\{node\}/(qemu|lxc)/\{vmid\}(/snapshot/\{snapname\})?"
)
"""The operations that the provider calls."""


def catalogue(name: str) -> Any:
    """Return a file of official data that fakepve contains."""
    path = distribution("fakepve").locate_file(f"fakepve/data/{name}.json.gz")
    return json.loads(gzip.decompress(path.read_bytes()))  # type: ignore[attr-defined]  # a Path


def documented_sentences() -> list[tuple[int, str]]:
    """Return status and message of every error of the operations that the provider calls."""
    errors = catalogue("pve-errors")["errors"]
    return sorted(
        {
            (error["status"], error["message"])
            for operation, known in errors.items()
            if CALLED.fullmatch(operation)
            for error in known
        }
    )


def unmapped_sentences() -> Sequence[str]:
    """Return the messages that neither the table of messages nor that of statuses maps."""
    return [
        sentence
        for status, sentence in documented_sentences()
        if status not in STATUSES and class_of_message(sentence) is None
    ]


def unmapped_classes() -> Sequence[str]:
    """Return the exception classes of requests that the table does not map."""
    return [
        name
        for name, kind in vars(requests.exceptions).items()
        if isinstance(kind, type)
        and issubclass(kind, requests.RequestException)
        and name not in ERROR_CLASSES
    ]
