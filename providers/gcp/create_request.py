"""What is asked of Compute Engine for a new machine, and what is refused before asking.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from providers.gcp.labels import REQUEST, TOKEN, own_of, problem_of
from skyclust.errors import InvalidRequest
from skyclust.model.instance import DiskSpec, InstanceSpec

# RFC 1035, as Compute Engine has it: https://cloud.google.com/compute/docs/naming-resources
_NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_PUBLIC_KEY: Final = re.compile(r"(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\n]*)?")

DEFAULT_USER: Final = "skyclust"
"""Google's images have no user of their own: the guest agent makes the one that a key names
(https://cloud.google.com/compute/docs/connect/add-ssh-keys)."""

DATA_DISKS: Final = 127
"""The most disks beside the boot disk (https://cloud.google.com/compute/docs/disks#limits)."""

SMALLEST_GIB: Final = 10
"""Of a persistent disk (https://cloud.google.com/compute/docs/disks/persistent-disks)."""

SMALLEST_HYPERDISK_GIB: Final = 4
"""https://cloud.google.com/compute/docs/disks/hyperdisks, of all kinds but the largest ones."""


def refuse_impossible(spec: InstanceSpec) -> None:
    """Raise InvalidRequest for what Compute Engine cannot do, or would do otherwise than asked."""
    problem, hint = None, ""
    if not _NAME.fullmatch(spec.name):
        problem = f"{spec.name!r} cannot be the name of an instance"
        hint = (
            "A name begins with a lowercase letter and has lowercase letters, digits and dashes,"
            " at most 63."
        )
    elif (own := own_of(spec.tags)) or (problem := problem_of(spec.tags)):
        problem = f"the label {own[0]} is SkyClust's own" if own else problem
    elif any(not _PUBLIC_KEY.fullmatch(key.strip()) for key in spec.ssh_keys):
        problem = "Compute Engine keeps no SSH keys by name"
        hint = "Give the public key itself: ssh-ed25519 AAAA..."
    elif spec.private_address is not None and re.search("[/,]", spec.private_address):
        problem = f"{spec.private_address!r} is not an address"
        hint = "The subnet has the prefix length and the gateway: give 10.0.0.5."
    elif len(spec.disks) > DATA_DISKS:
        problem = f"at most {DATA_DISKS} data disks can be created with a machine"
    if problem is not None:
        raise InvalidRequest(f"Could not create {spec.name}: {problem}.", hint=hint, provider="gcp")


def to_digest(spec: InstanceSpec) -> str:
    """Return a digest of a spec: the same for equal specs, also in later versions of SkyClust."""
    content = spec.model_dump_json(exclude_defaults=True)
    return sha256(content.encode()).hexdigest()[:40]


def to_request(
    spec: InstanceSpec, label: str, *, zone: str, image: str, network: Mapping[str, str]
) -> dict[str, Any]:
    """Return the resource of instances.insert; equal arguments give equal resources.

    All disks are made with the machine, in the same call, and deleted with it.
    """
    labels = {**spec.tags, TOKEN: label}
    resource: dict[str, Any] = {
        "name": spec.name,
        "machine_type": f"zones/{zone}/machineTypes/{spec.type}",
        "labels": {**labels, REQUEST: to_digest(spec)},
        "disks": _disks(spec, label, labels, zone, image),
        "network_interfaces": [_interface(spec, network)],
    }
    if items := _metadata(spec):
        resource["metadata"] = {"items": items}
    return resource


def _disks(
    spec: InstanceSpec, label: str, labels: Mapping[str, str], zone: str, image: str
) -> list[dict[str, Any]]:
    boot = {"source_image": image, **_disk(spec.boot_disk, zone), "labels": {**labels}}
    disks = [{"boot": True, "auto_delete": True, "initialize_params": boot}]
    # Named by the token, for a disk of an earlier machine may bear the plain name.
    stem = f"{spec.name[:40].rstrip('-')}-{sha256(label.encode()).hexdigest()[:8]}"
    for number, disk in enumerate(spec.disks, 1):
        made = {"disk_name": f"{stem}-{number}", **_disk(disk, zone), "labels": {**labels}}
        disks.append({"boot": False, "auto_delete": True, "initialize_params": made})
    return disks


def _disk(disk: DiskSpec | None, zone: str) -> dict[str, Any]:
    if disk is None:
        return {}
    hyperdisk = disk.type is not None and disk.type.startswith("hyperdisk-")
    smallest = SMALLEST_HYPERDISK_GIB if hyperdisk else SMALLEST_GIB
    made: dict[str, Any] = {"disk_size_gb": max(disk.size_gib, smallest)}
    if disk.type is not None:
        made["disk_type"] = f"zones/{zone}/diskTypes/{disk.type}"
    return made


def _interface(spec: InstanceSpec, network: Mapping[str, str]) -> dict[str, Any]:
    interface: dict[str, Any] = dict(network)
    if spec.private_address is not None:
        interface["network_i_p"] = spec.private_address
    if spec.public_address:
        interface["access_configs"] = [{"name": "External NAT", "type_": "ONE_TO_ONE_NAT"}]
    return interface


def _metadata(spec: InstanceSpec) -> list[dict[str, str]]:
    items: list[dict[str, str]] = []
    if spec.ssh_keys:
        user = spec.user or DEFAULT_USER
        keys = "\n".join(f"{user}:{key.strip()}" for key in spec.ssh_keys)
        items.append({"key": "ssh-keys", "value": keys})
    if spec.user_data is not None:
        items.append({"key": "user-data", "value": spec.user_data})
    return items
