"""The body of the request that creates one server.

Source: https://docs.openstack.org/api-ref/compute/#create-server
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from providers.openstack.fields import Json, integer
from providers.openstack.services import Microversion
from providers.openstack.tokens import (
    OWN_KEYS,
    REQUEST_KEY,
    TAGS_AT_CREATE,
    TOKEN_KEY,
    VALUE_LENGTH,
    is_server_tag,
    to_server_tag,
)
from providers.openstack.user_data import MAX_LENGTH, to_user_data
from skyclust.errors import InvalidRequest
from skyclust.model.instance import DiskSpec, InstanceSpec

EXPLICIT_NO_NETWORK: Final = (2, 37)
"""The microversion from which a server without a network must request `networks: none`."""

VOLUME_TYPES: Final = (2, 67)
"""The microversion from which Nova creates volumes of a requested type."""

TAG_KEY: Final = re.compile(r"[A-Za-z0-9\-_:. ]{1,255}")
"""The metadata keys that Nova accepts."""

_PUBLIC_KEY: Final = re.compile(r"(ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+ [A-Za-z0-9+/=]{40,}( .*)?")


def public_keys(spec: InstanceSpec) -> list[str]:
    """Return the SSH keys of a spec that are public keys."""
    return [key for key in spec.ssh_keys if " " in key.strip()]


def key_pair_names(spec: InstanceSpec) -> list[str]:
    """Return the SSH keys of a spec that are names of Nova's key pairs."""
    return [key for key in spec.ssh_keys if " " not in key.strip()]


def validate_spec(spec: InstanceSpec) -> None:
    """Raise InvalidRequest for a spec that Nova refuses, or would not create as specified."""
    data = to_user_data(spec.user_data, public_keys(spec), spec.user) or ""
    problem = tag_problem(spec.tags)
    if problem is not None:
        pass
    elif len(key_pair_names(spec)) > 1:
        problem = f"Nova accepts one key pair, the spec names {len(key_pair_names(spec))}."
    elif not all(_PUBLIC_KEY.fullmatch(key.strip()) for key in public_keys(spec)):
        problem = "an SSH key is neither a key pair's name nor a public key (ssh-ed25519 AAAA...)."
    elif len(data) > MAX_LENGTH:
        problem = f"the user data has {len(data)} characters in base64, Nova accepts {MAX_LENGTH}."
    elif spec.private_address is not None and re.search("[/,]", spec.private_address):
        problem = "the private address is not a single address: 10.0.0.5."
    if problem is not None:
        raise InvalidRequest(f"Could not create {spec.name}: {problem}", provider="openstack")


def tag_problem(tags: dict[str, str]) -> str | None:
    """Return why Nova would refuse these tags as metadata, None when it accepts them."""
    if reserved := reserved_tag_problem(tags):
        return reserved
    for key, value in tags.items():
        if not TAG_KEY.fullmatch(key):
            return (
                f"the tag {key!r} has another character than letters, digits and -_:. or is"
                " longer than 255."
            )
        if len(value) > VALUE_LENGTH:
            return f"the value of the tag {key!r} is longer than {VALUE_LENGTH} characters."
    return None


def reserved_tag_problem(keys: Iterable[str]) -> str | None:
    """Return which of these tags SkyClust identifies its servers by, None for none of them."""
    reserved = sorted(key for key in keys if key in OWN_KEYS or is_server_tag(key))
    return f"the tag {reserved[0]} is SkyClust's own." if reserved else None


def to_digest(spec: InstanceSpec) -> str:
    """Return a digest of a spec, the same whatever its names resolve to in the cloud."""
    return sha256(spec.model_dump_json().encode()).hexdigest()[:32]


def to_body(
    spec: InstanceSpec,
    token_value: str,
    *,
    flavor: Json,
    image: Json,
    network: str | None,
    microversion: Microversion,
) -> Json:
    """Return the body of the request; equal arguments give an equal body.

    `network` is the id of the server's network, None in a cloud without Neutron.
    """
    server: Json = {
        "name": spec.name,
        "flavorRef": str(flavor["id"]),
        "metadata": {**spec.tags, TOKEN_KEY: token_value, REQUEST_KEY: to_digest(spec)},
        "min_count": 1,
        "max_count": 1,
    }
    disks = to_disks(spec, flavor=flavor, image=image, microversion=microversion)
    if not disks or disks[0]["destination_type"] == "local":
        server["imageRef"] = image["id"]
    if disks:
        server["block_device_mapping_v2"] = disks
    if microversion >= TAGS_AT_CREATE:
        server["tags"] = [to_server_tag(token_value)]
    if spec.zone is not None:
        server["availability_zone"] = spec.zone
    if network is not None:
        server["networks"] = [_to_network(spec, network)]
    elif microversion >= EXPLICIT_NO_NETWORK:
        server["networks"] = "none"
    if names := key_pair_names(spec):
        server["key_name"] = names[0]
    data = to_user_data(spec.user_data, public_keys(spec), spec.user)
    if data is not None:
        server["user_data"] = data
    return {"server": server}


def _to_network(spec: InstanceSpec, network: str) -> Json:
    body: Json = {"uuid": network}
    if spec.private_address is not None:
        body["fixed_ip"] = spec.private_address
    return body


def to_disks(
    spec: InstanceSpec, *, flavor: Json, image: Json, microversion: Microversion
) -> list[Json]:
    """Return the block device mapping, the boot disk first; empty when `imageRef` is enough.

    A boot disk in the spec is a volume, and so is the boot disk of a flavor without a local disk.
    Nova creates all volumes with the server, and deletes them with it.
    """
    local = spec.boot_disk is None and (integer(flavor, "disk") or 0) > 0
    if local and not spec.disks:
        return []
    root: Json = {
        "boot_index": 0,
        "uuid": image["id"],
        "source_type": "image",
        "destination_type": "local" if local else "volume",
        "delete_on_termination": True,
    }
    if not local:
        disk = spec.boot_disk or DiskSpec(size_gib=_min_volume_gib(image))
        root |= _to_volume(disk, microversion)
    data = [
        {
            "boot_index": -1,
            "source_type": "blank",
            "destination_type": "volume",
            "delete_on_termination": True,
            **_to_volume(disk, microversion),
        }
        for disk in spec.disks
    ]
    return [root, *data]


def _to_volume(disk: DiskSpec, microversion: Microversion) -> Json:
    if disk.type is None:
        return {"volume_size": disk.size_gib}
    if microversion < VOLUME_TYPES:
        raise InvalidRequest(
            f"This Nova does not create volumes of a type ({disk.type}): it is older than"
            f" {VOLUME_TYPES[0]}.{VOLUME_TYPES[1]}.",
            hint="Leave the disk type empty.",
            provider="openstack",
        )
    return {"volume_size": disk.size_gib, "volume_type": disk.type}


def _min_volume_gib(image: Json) -> int:
    """Return the size in GiB of the smallest volume that holds an image."""
    content = max(integer(image, "virtual_size") or 0, integer(image, "size") or 0)
    return max(1, integer(image, "min_disk") or 0, -(-content // 2**30))
