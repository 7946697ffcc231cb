"""The body of a request for one server.

Source: https://docs.openstack.org/api-ref/compute/#create-server
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from providers.openstack.fields import Json, integer
from providers.openstack.lookups import Place
from providers.openstack.tokens import (
    OWN_KEYS,
    REQUEST_KEY,
    TAGS_AT_CREATE,
    TOKEN_KEY,
    VALUE_LENGTH,
    is_server_tag,
    to_server_tag,
)
from providers.openstack.user_data import LARGEST, to_user_data
from skyclust.errors import InvalidRequest
from skyclust.model.instance import DiskSpec, InstanceSpec

Microversion = tuple[int, int]

NO_NETWORK: Final = (2, 37)
"""Since then a server without a network has to say so."""

TYPED_VOLUMES: Final = (2, 67)
"""Since then Nova makes volumes of a type."""

TAG_KEY: Final = re.compile(r"[A-Za-z0-9\-_:. ]{1,255}")
"""The keys of metadata that Nova takes."""

_PUBLIC_KEY: Final = re.compile(r"(ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+ [A-Za-z0-9+/=]{40,}( .*)?")


def key_texts(spec: InstanceSpec) -> list[str]:
    """Return the public keys that are given as text."""
    return [key for key in spec.ssh_keys if " " in key.strip()]


def key_names(spec: InstanceSpec) -> list[str]:
    """Return the names of key pairs at Nova."""
    return [key for key in spec.ssh_keys if " " not in key.strip()]


def refuse_impossible(spec: InstanceSpec) -> None:
    """Raise InvalidRequest for what Nova cannot do, or would do in another way than asked."""
    data = to_user_data(spec.user_data, key_texts(spec), spec.user) or ""
    problem = tag_problem(spec.tags)
    if problem is not None:
        pass
    elif len(key_names(spec)) > 1:
        problem = f"Nova puts one key pair on a machine, {len(key_names(spec))} are named."
    elif not all(_PUBLIC_KEY.fullmatch(key.strip()) for key in key_texts(spec)):
        problem = "an SSH key is neither a key pair's name nor a public key (ssh-ed25519 AAAA...)."
    elif len(data) > LARGEST:
        problem = f"the user data has {len(data)} characters in base64, Nova takes {LARGEST}."
    elif spec.private_address is not None and re.search("[/,]", spec.private_address):
        problem = "the private address is an address alone here: 10.0.0.5."
    if problem is not None:
        raise InvalidRequest(f"Could not create {spec.name}: {problem}", provider="openstack")


def tag_problem(tags: dict[str, str]) -> str | None:
    """Return what Nova would not take of tags as metadata, None when all is well."""
    if own := own_tag_problem(tags):
        return own
    for key, value in tags.items():
        if not TAG_KEY.fullmatch(key):
            return (
                f"the tag {key!r} has another character than letters, digits and -_:. or is"
                " longer than 255."
            )
        if len(value) > VALUE_LENGTH:
            return f"the value of the tag {key!r} is longer than {VALUE_LENGTH} characters."
    return None


def own_tag_problem(keys: Iterable[str]) -> str | None:
    """Return which of these tags is a mark that SkyClust finds its servers by, None for none."""
    own = sorted(key for key in keys if key in OWN_KEYS or is_server_tag(key))
    return f"the tag {own[0]} is SkyClust's own." if own else None


def to_digest(spec: InstanceSpec) -> str:
    """Return what tells one request from another, whatever stands for what at the cloud."""
    return sha256(spec.model_dump_json().encode()).hexdigest()[:32]


def to_body(
    spec: InstanceSpec,
    mark: str,
    *,
    flavor: Json,
    image: Json,
    place: Place | None,
    microversion: Microversion,
) -> Json:
    """Return the body of the request; equal arguments give an equal body."""
    server: Json = {
        "name": spec.name,
        "flavorRef": str(flavor["id"]),
        "metadata": {**spec.tags, TOKEN_KEY: mark, REQUEST_KEY: to_digest(spec)},
        "min_count": 1,
        "max_count": 1,
    }
    disks = to_disks(spec, flavor=flavor, image=image, microversion=microversion)
    if not disks or disks[0]["destination_type"] == "local":
        server["imageRef"] = image["id"]
    if disks:
        server["block_device_mapping_v2"] = disks
    if microversion >= TAGS_AT_CREATE:
        server["tags"] = [to_server_tag(mark)]
    if spec.zone is not None:
        server["availability_zone"] = spec.zone
    if place is not None:
        server["networks"] = [_network(spec, place)]
    elif microversion >= NO_NETWORK:
        server["networks"] = "none"
    if names := key_names(spec):
        server["key_name"] = names[0]
    data = to_user_data(spec.user_data, key_texts(spec), spec.user)
    if data is not None:
        server["user_data"] = data
    return {"server": server}


def _network(spec: InstanceSpec, place: Place) -> Json:
    network: Json = {"uuid": place.network}
    if spec.private_address is not None:
        network["fixed_ip"] = spec.private_address
    return network


def to_disks(
    spec: InstanceSpec, *, flavor: Json, image: Json, microversion: Microversion
) -> list[Json]:
    """Return the block devices, the boot disk first; empty when the image alone says it.

    A boot disk that is asked for is a volume, and so is that of a flavor without a disk. Nova
    makes all volumes with the machine, and deletes them with it.
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
        disk = spec.boot_disk or DiskSpec(size_gib=_least_size(image))
        root |= _volume(disk, microversion)
    data = [
        {
            "boot_index": -1,
            "source_type": "blank",
            "destination_type": "volume",
            "delete_on_termination": True,
            **_volume(disk, microversion),
        }
        for disk in spec.disks
    ]
    return [root, *data]


def _volume(disk: DiskSpec, microversion: Microversion) -> Json:
    if disk.type is None:
        return {"volume_size": disk.size_gib}
    if microversion < TYPED_VOLUMES:
        raise InvalidRequest(
            f"This Nova makes no volumes of a type ({disk.type}): it is older than"
            f" {TYPED_VOLUMES[0]}.{TYPED_VOLUMES[1]}.",
            hint="Leave the disk type empty.",
            provider="openstack",
        )
    return {"volume_size": disk.size_gib, "volume_type": disk.type}


def _least_size(image: Json) -> int:
    """Return the GiB that a volume needs to take an image in."""
    content = max(integer(image, "virtual_size") or 0, integer(image, "size") or 0)
    return max(1, integer(image, "min_disk") or 0, -(-content // 2**30))
