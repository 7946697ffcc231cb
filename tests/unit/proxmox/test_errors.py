"""The mapping of replies of Proxmox VE to errors."""

from __future__ import annotations

import json

import pytest
import requests
from proxmoxer.core import ResourceException

from providers.proxmox.errors import class_for, proxmox_errors, task_error, translated
from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
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
from tests.unit.proxmox.documented_errors import documented_sentences, unmapped_classes

SAID: list[tuple[int, str, type[SkyClustError]]] = [
    (401, "no such token 'sandbox' for user", AuthenticationFailed),
    (403, "Permission check failed (/vms/101, VM.PowerMgmt)", PermissionDenied),
    (500, "Only root may use this option.", PermissionDenied),
    (400, "Parameter verification failed.", InvalidRequest),
    (429, "Too Many Requests", Throttled),
    (501, "Method 'GET /x' not implemented", Unsupported),
    (595, "No route to host", Unavailable),
    (596, "Connection timed out", Unavailable),
    (504, "Gateway Timeout", Timeout),
    (500, "Configuration file 'nodes/a/qemu-server/1.conf' does not exist", NotFound),
    (500, "storage 'tape' does not exist", NotFound),
    (500, "snapshot 'x' does not exist", NotFound),
    (500, "unable to create VM 105: config file already exists", Conflict),
    (500, "can't lock file '/var/lock/qemu-server/lock-1.conf' - got timeout", Conflict),
    (500, "VM is locked (backup)", Conflict),
    (500, "VM 101 already running", Conflict),
    (500, "VM 101 is running - destroy failed", Conflict),
    (500, "cluster not ready - no quorum?", Unavailable),
    (500, "ipcc_send_rec[1] failed: Connection refused", Unavailable),
    (500, "storage 'nas' is not online", Unavailable),
    (500, "lvcreate 'pve/vm' error: insufficient free space", CapacityExhausted),
    (500, "clone failed: rbd create error: No space left on device", CapacityExhausted),
    (500, "start failed: cannot allocate memory", CapacityExhausted),
    (500, "write failed: Disk quota exceeded", QuotaExceeded),
    (500, "can't clone VM to node 'b' (VM uses local storage)", InvalidRequest),
    (500, "can't remove VM 1 - protection mode enabled", InvalidRequest),
    (500, "VM quit/powerdown failed - got timeout", Timeout),
    (500, "a message that nobody has seen before", Unavailable),
    (418, "a message that nobody has seen before", InvalidRequest),
]


@pytest.mark.parametrize(("status", "message", "ours"), SAID)
def test_a_message_is_mapped(status: int, message: str, ours: type[SkyClustError]) -> None:
    assert class_for(status, message) is ours
    error_of_ours = translated(ResourceException(status, "", message), "do it")
    assert type(error_of_ours) is ours
    assert error_of_ours is not None
    assert (error_of_ours.provider, error_of_ours.code) == ("proxmox", str(status))
    assert "Could not do it: " in error_of_ours.message


def test_the_documented_errors_were_read() -> None:
    assert len(documented_sentences()) > 100
    assert unmapped_classes() == []


def test_a_503_with_retry_after_is_throttled() -> None:
    error = ResourceException(503, "", "Service Unavailable")
    error_of_ours = translated(error, "do it", 7.0)
    assert isinstance(error_of_ours, Throttled)
    assert error_of_ours.retry_after == 7.0
    assert type(translated(error, "do it", None)) is Unavailable


def test_invalid_parameters_are_named() -> None:
    error = ResourceException(400, "", "Parameter verification failed.", {"vmid": "is taken\n"})
    assert "vmid: is taken" in str(translated(error, "do it"))


def test_an_unknown_exit_status_is_terminal() -> None:
    assert type(task_error("command 'x' exploded", "do it")) is InvalidRequest
    assert type(task_error("VM is locked (backup)", "do it")) is Conflict


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (requests.ConnectTimeout(), Timeout),
        (requests.ReadTimeout(), Timeout),
        (requests.ConnectionError(), Unavailable),
        (requests.exceptions.SSLError(), Unavailable),
        (requests.exceptions.InvalidJSONError(), UnexpectedAnswer),
        (json.JSONDecodeError("x", "", 0), UnexpectedAnswer),
    ],
)
def test_an_exception_of_requests_is_mapped(error: Exception, ours: type[SkyClustError]) -> None:
    with pytest.raises(ours) as raised, proxmox_errors("do it"):
        raise error
    assert type(raised.value) is ours
    assert raised.value.__cause__ is error
    assert bool(raised.value.hint) is (
        isinstance(error, requests.exceptions.SSLError) or ours is UnexpectedAnswer
    )


def test_errors_of_our_tree_are_raised_unchanged() -> None:
    with pytest.raises(KeyError), proxmox_errors("do it"):
        raise KeyError("x")
