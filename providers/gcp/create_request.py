"""The request body of instances.insert, and the checks of a spec before it is sent.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from providers.gcp.labels import REQUEST, TOKEN, label_problem, reserved_keys
from skyclust.errors import InvalidRequest
from skyclust.model.instance import DiskSpec, InstanceSpec

# RFC 1035, as Compute Engine restricts it:
# https://cloud.google.com/compute/docs/naming-resources
_NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_PUBLIC_KEY: Final = re.compile(r"(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\n]*)?")

DEFAULT_USER: Final = "skyclust"
"""Google's images have no default user: the guest agent creates the user of each SSH key
(https://cloud.google.com/compute/docs/connect/add-ssh-keys)."""

MAX_DATA_DISKS: Final = 127
"""The most disks besides the boot disk (https://cloud.google.com/compute/docs/disks#limits)."""

MIN_DISK_GIB: Final = 10
"""Of a persistent disk (https://cloud.google.com/compute/docs/disks/persistent-disks)."""

MIN_HYPERDISK_GIB: Final = 4
"""Of all hyperdisk types but the largest (https://cloud.google.com/compute/docs/disks/hyperdisks)."""


def check_spec(spec: InstanceSpec) -> None:
    """Raise InvalidRequest for a spec that Compute Engine refuses or would not follow."""
    problem, hint = None, ""
    if not _NAME.fullmatch(spec.name):
        problem = f"{spec.name!r} cannot be the name of an instance"
        hint = (
            "A name begins with a lowercase letter and has lowercase letters, digits and dashes,"
            " at most 63."
        )
    elif (reserved := reserved_keys(spec.tags)) or (problem := label_problem(spec.tags)):
        problem = f"the label {reserved[0]} is SkyClust's own" if reserved else problem
    elif any(not _PUBLIC_KEY.fullmatch(key.strip()) for key in spec.ssh_keys):
        problem = "Compute Engine keeps no SSH keys by name"
        hint = "Give the public key itself: ssh-ed25519 AAAA..."
    elif spec.private_address is not None and re.search("[/,]", spec.private_address):
        problem = f"{spec.private_address!r} is not an address"
        hint = "The subnet has the prefix length and the gateway: give 10.0.0.5."
    elif len(spec.disks) > MAX_DATA_DISKS:
        problem = f"at most {MAX_DATA_DISKS} data disks can be created with an instance"
    if problem is not None:
        raise InvalidRequest(f"Could not create {spec.name}: {problem}.", hint=hint, provider="gcp")


def spec_digest(spec: InstanceSpec) -> str:
    """Return a digest of a spec: the same for equal specs, also in later versions of SkyClust."""
    content = spec.model_dump_json(exclude_defaults=True)
    return sha256(content.encode()).hexdigest()[:40]


def to_insert_body(
    spec: InstanceSpec, label: str, *, zone: str, image: str, network: Mapping[str, str]
) -> dict[str, Any]:
    """Return the request body of instances.insert; equal arguments give equal bodies.

    All disks are created with the instance, in the same call, and deleted with it.
    """
    labels = {**spec.tags, TOKEN: label}
    body: dict[str, Any] = {
        "name": spec.name,
        "machine_type": f"zones/{zone}/machineTypes/{spec.type}",
        "labels": {**labels, REQUEST: spec_digest(spec)},
        "disks": _disks(spec, label, labels, zone, image),
        "network_interfaces": [_network_interface(spec, network)],
    }
    if items := _metadata_items(spec):
        body["metadata"] = {"items": items}
    return body


def _disks(
    spec: InstanceSpec, label: str, labels: Mapping[str, str], zone: str, image: str
) -> list[dict[str, Any]]:
    boot = {"source_image": image, **_size_and_type(spec.boot_disk, zone), "labels": {**labels}}
    disks = [{"boot": True, "auto_delete": True, "initialize_params": boot}]
    # The names contain a digest of the token: a disk of an earlier instance may have the plain
    # name.
    prefix = f"{spec.name[:40].rstrip('-')}-{sha256(label.encode()).hexdigest()[:8]}"
    for number, disk in enumerate(spec.disks, 1):
        data = {
            "disk_name": f"{prefix}-{number}",
            **_size_and_type(disk, zone),
            "labels": {**labels},
        }
        disks.append({"boot": False, "auto_delete": True, "initialize_params": data})
    return disks


def _size_and_type(disk: DiskSpec | None, zone: str) -> dict[str, Any]:
    if disk is None:
        return {}
    is_hyperdisk = disk.type is not None and disk.type.startswith("hyperdisk-")
    minimum = MIN_HYPERDISK_GIB if is_hyperdisk else MIN_DISK_GIB
    parameters: dict[str, Any] = {"disk_size_gb": max(disk.size_gib, minimum)}
    if disk.type is not None:
        parameters["disk_type"] = f"zones/{zone}/diskTypes/{disk.type}"
    return parameters


def _network_interface(spec: InstanceSpec, network: Mapping[str, str]) -> dict[str, Any]:
    interface: dict[str, Any] = dict(network)
    if spec.private_address is not None:
        interface["network_i_p"] = spec.private_address
    if spec.public_address:
        interface["access_configs"] = [{"name": "External NAT", "type_": "ONE_TO_ONE_NAT"}]
    return interface


def _metadata_items(spec: InstanceSpec) -> list[dict[str, str]]:
    items: list[dict[str, str]] = []
    if spec.ssh_keys:
        user = spec.user or DEFAULT_USER
        keys = "\n".join(f"{user}:{key.strip()}" for key in spec.ssh_keys)
        items.append({"key": "ssh-keys", "value": keys})
    if spec.user_data is not None:
        items.append({"key": "user-data", "value": spec.user_data})
    return items
