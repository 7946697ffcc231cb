"""Flavors: finding one by id or name, and what they are as instance types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from providers.openstack.fields import (
    Json,
    boolean,
    integer,
    pairs,
    required_id,
    required_integer,
    required_text,
    text,
)
from providers.openstack.paging import get_all, get_pages
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.catalog import Architecture, InstanceType
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

EMBEDDED: Final = (2, 47)
"""Since then Nova tells with a server what its flavor is, not only its id."""

SPECS_IN_LIST: Final = (2, 61)

_ARCHITECTURE_SPECS: Final = (
    "hw:architecture",
    "architecture",
    "capabilities:cpu_arch",
    "capabilities:cpu_info:arch",
)
_ARM: Final = frozenset({"aarch64", "arm64", "armv8"})


def get_flavors(clients: OpenStackClients, region: str) -> list[Json]:
    """Return the flavors that the project may use.

    Source: https://docs.openstack.org/api-ref/compute/#list-flavors-with-details
    """
    return get_all(
        clients,
        region,
        "compute",
        "/flavors/detail",
        "flavors",
        doing=f"list the flavors in {region}",
    )


def get_instance_types(clients: OpenStackClients, region: str) -> Iterator[Sequence[InstanceType]]:
    """Yield the flavors that the project may use as instance types, page by page."""
    seen: set[str] = set()
    reader = ItemReader("openstack", f"flavors of {region}")

    def make(flavor: Json) -> InstanceType | None:
        made = to_instance_type(region, flavor)
        if made.name in seen:
            return None
        seen.add(made.name)
        return made

    pages = get_pages(
        clients,
        region,
        "compute",
        "/flavors/detail",
        "flavors",
        doing=f"list the flavors in {region}",
    )
    for page in pages:
        yield reader.read(page, make, region=region)
    reader.finish()


def to_instance_type(region: str, flavor: Json) -> InstanceType:
    """Return a flavor as an instance type; its extra specs tell processor and graphics cards."""
    identifier = required_id(flavor)
    specs = pairs(flavor, "extra_specs")
    return InstanceType(
        provider="openstack",
        region=region,
        name=required_text(flavor, "name"),
        cores=required_integer(flavor, "vcpus"),
        memory_mib=required_integer(flavor, "ram"),
        architecture=_architecture(specs),
        gpus=_gpus(specs),
        attributes={
            "id": identifier,
            "disk_gib": integer(flavor, "disk"),
            "ephemeral_gib": integer(flavor, "OS-FLV-EXT-DATA:ephemeral"),
            "public": boolean(flavor, "os-flavor-access:is_public"),
        },
    )


def _architecture(specs: Mapping[str, str]) -> Architecture:
    """Return the architecture that extra specs demand of the host; x86_64 where they are silent.

    Sources: https://docs.openstack.org/nova/latest/configuration/extra-specs.html and the traits
    HW_ARCH_* of https://docs.openstack.org/os-traits/latest/.
    """
    if specs.get("trait:HW_ARCH_AARCH64") == "required":
        return Architecture.ARM64
    told = (to_architecture(specs.get(name)) for name in _ARCHITECTURE_SPECS)
    return next((one for one in told if one), Architecture.X86_64)


def to_architecture(word: object) -> Architecture | None:
    """Return an architecture in our word, None for none or one that we have no word for."""
    told = str(word or "").lower().removeprefix("<in>").strip()
    if told in {"x86_64", "amd64"}:
        return Architecture.X86_64
    return Architecture.ARM64 if told in _ARM else None


def _gpus(specs: Mapping[str, str]) -> int:
    """Return the number of graphics cards that extra specs ask for.

    Source: https://docs.openstack.org/nova/latest/configuration/extra-specs.html
    (`resources:VGPU`, `pci_passthrough:alias` as `alias:count`).
    """
    number = 0
    for name, value in specs.items():
        if name.startswith("resources") and name.endswith(":VGPU") and value.isdigit():
            number += int(value)
        elif name == "pci_passthrough:alias":
            for one in value.split(","):
                alias, _, count = one.partition(":")
                if "gpu" in alias.lower():
                    number += int(count) if count.strip().isdigit() else 1
    return number


def find_flavor(clients: OpenStackClients, region: str, wanted: str) -> Json:
    """Return the flavor of an id or a name.

    Raises NotFound when there is none, InvalidRequest when several have the name.
    """
    flavors = get_flavors(clients, region)
    by_id = [flavor for flavor in flavors if str(flavor["id"]) == wanted]
    found = by_id or [flavor for flavor in flavors if flavor.get("name") == wanted]
    if not found:
        raise NotFound(
            f"There is no flavor {wanted!r} in {region} that the project may use.",
            provider="openstack",
        )
    if len(found) > 1:
        ids = ", ".join(sorted(str(flavor["id"]) for flavor in found))
        raise InvalidRequest(
            f"{len(found)} flavors in {region} are called {wanted!r}: {ids}.",
            hint="Give the id of the one that is meant.",
            provider="openstack",
        )
    return found[0]


def flavor_names(clients: OpenStackClients, region: str) -> dict[str, str] | None:
    """Return the names of flavors by id, None where Nova tells them with each server."""
    if clients.microversion(region) >= EMBEDDED:
        return None
    flavors = get_flavors(clients, region)
    return {str(one["id"]): name for one in flavors if (name := text(one, "name"))}
