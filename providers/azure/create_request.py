"""The request that creates a VM: the checks of its spec, its fingerprint and its body."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from providers.azure.lookups import Lookups, throwaway_key
from providers.azure.resource_names import ResourceNames
from providers.azure.tags import REQUEST_TAG, TOKEN_TAG, check_tags, to_tag
from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.azure.client import Document

DEFAULT_USER: Final = "skyclust"

MAX_DATA_DISKS: Final = 64
"""The most that any size accepts (https://learn.microsoft.com/en-us/azure/virtual-machines/sizes)."""


def fingerprint(spec: InstanceSpec) -> str:
    """Return a digest that is the same for equal specs and differs for others.

    Fields that have their default value are left out, so a field that a later version adds does
    not change the digest.
    """
    content = json.dumps(spec.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return sha256(content.encode()).hexdigest()[:32]


def check_spec(spec: InstanceSpec) -> None:
    """Raise InvalidRequest for a spec that Azure cannot fulfil exactly as it is written."""
    doing = f"create instance {spec.name} in {spec.region}"
    check_tags(doing, spec.tags)
    problem = None
    if len(spec.disks) > MAX_DATA_DISKS:
        problem = f"at most {MAX_DATA_DISKS} data disks can be created with a VM"
    elif spec.name.isdigit() or spec.name.endswith((".", "-")):
        problem = "the name of a VM is not a number and does not end in a dot or a dash"
    elif spec.private_address is not None and not _is_ip_address(spec.private_address):
        problem = f"{spec.private_address} is not an address (10.0.0.5)"
    if problem is not None:
        raise InvalidRequest(f"Could not {doing}: {problem}.", provider="azure")


def _is_ip_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def to_request(spec: InstanceSpec, token: str, lookups: Lookups, *, interface: str) -> Document:
    """Return the body of the request that creates a VM.

    Boot diagnostics are enabled with storage that Azure manages, so that there is a console log.
    Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/create-or-update
    """
    nic: dict[str, Any] = {"primary": True, "deleteOption": "Delete"}
    body: Document = {
        "location": spec.region,
        "tags": {**spec.tags, TOKEN_TAG: to_tag(token), REQUEST_TAG: fingerprint(spec)},
        "properties": {
            "hardwareProfile": {"vmSize": spec.type},
            "storageProfile": {
                "imageReference": lookups.image,
                "osDisk": _os_disk(spec, token),
                "dataDisks": _data_disks(spec, token),
            },
            "osProfile": _os_profile(spec, lookups.keys or [throwaway_key()]),
            "networkProfile": {"networkInterfaces": [{"id": interface, "properties": nic}]},
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
        },
    }
    if spec.zone is not None:
        body["zones"] = [spec.zone]
    return body


def _os_profile(spec: InstanceSpec, keys: list[str]) -> Document:
    user = spec.user or DEFAULT_USER
    path = f"/home/{user}/.ssh/authorized_keys"
    profile: Document = {
        # Azure accepts letters, digits and dashes in a host name.
        "computerName": re.sub(r"[^A-Za-z0-9-]", "-", spec.name),
        "adminUsername": user,
        "linuxConfiguration": {
            "disablePasswordAuthentication": True,
            "ssh": {"publicKeys": [{"path": path, "keyData": key} for key in keys]},
        },
    }
    if spec.user_data is not None:
        profile["customData"] = base64.b64encode(spec.user_data.encode()).decode()
    return profile


def _os_disk(spec: InstanceSpec, token: str) -> Document:
    disk: Document = {
        "name": ResourceNames(spec.name, token).os_disk,
        "createOption": "FromImage",
        "caching": "ReadWrite",
        "deleteOption": "Delete",
    }
    if spec.boot_disk is not None:
        disk["diskSizeGB"] = spec.boot_disk.size_gib
        if spec.boot_disk.type is not None:
            disk["managedDisk"] = {"storageAccountType": spec.boot_disk.type}
    return disk


def _data_disks(spec: InstanceSpec, token: str) -> list[Document]:
    disks: list[Document] = []
    for lun, disk_spec in enumerate(spec.disks):
        disk: Document = {
            "lun": lun,
            "name": ResourceNames(spec.name, token).data_disk(lun),
            "createOption": "Empty",
            "diskSizeGB": disk_spec.size_gib,
            "deleteOption": "Delete",
        }
        if disk_spec.type is not None:
            disk["managedDisk"] = {"storageAccountType": disk_spec.type}
        disks.append(disk)
    return disks
