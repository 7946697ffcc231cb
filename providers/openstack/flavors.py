"""Flavors: reading them, resolving an id or a name, and converting them to instance types.

Source: https://docs.openstack.org/api-ref/compute/#list-flavors-with-details
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.fields import (
    Json,
    flag,
    integer,
    required_id,
    required_integer,
    required_text,
    text,
    text_pairs,
)
from providers.openstack.paging import get_all, get_pages
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.catalog import Architecture, InstanceType

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

FLAVOR_EMBEDDED: Final = (2, 47)
"""The microversion from which a server contains its flavor's properties, and not only its id."""

_ARCHITECTURE_SPECS: Final = (
    "hw:architecture",
    "architecture",
    "capabilities:cpu_arch",
    "capabilities:cpu_info:arch",
)
_ARM: Final = frozenset({"aarch64", "arm64", "armv8"})


def get_flavors(clients: OpenStackClients, region: str) -> list[Json]:
    """Return the flavors that the project may use; with extra specs from microversion 2.61 on."""
    return get_all(
        clients,
        region,
        "compute",
        "/flavors/detail",
        "flavors",
        doing=f"list the flavors in {region}",
    )


def get_flavor_pages(clients: OpenStackClients, region: str) -> Iterator[list[Any]]:
    """Yield the flavors that the project may use, page by page."""
    return get_pages(
        clients,
        region,
        "compute",
        "/flavors/detail",
        "flavors",
        doing=f"list the flavors in {region}",
    )


def to_instance_type(region: str, flavor: Json) -> InstanceType:
    """Return a flavor as an instance type; architecture and GPUs follow from its extra specs."""
    identifier = required_id(flavor)
    specs = text_pairs(flavor, "extra_specs")
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
            "public": flag(flavor, "os-flavor-access:is_public"),
        },
    )


def _architecture(specs: Mapping[str, str]) -> Architecture:
    """Return the architecture that extra specs require of the host; x86_64 by default.

    Sources: https://docs.openstack.org/nova/latest/configuration/extra-specs.html and the traits
    HW_ARCH_* of https://docs.openstack.org/os-traits/latest/.
    """
    if specs.get("trait:HW_ARCH_AARCH64") == "required":
        return Architecture.ARM64
    required = (to_architecture(specs.get(name)) for name in _ARCHITECTURE_SPECS)
    return next((architecture for architecture in required if architecture), Architecture.X86_64)


def to_architecture(value: object) -> Architecture | None:
    """Return the architecture of a property or an extra spec; None for none or an unknown one."""
    name = str(value or "").lower().removeprefix("<in>").strip()
    if name in {"x86_64", "amd64"}:
        return Architecture.X86_64
    return Architecture.ARM64 if name in _ARM else None


def _gpus(specs: Mapping[str, str]) -> int:
    """Return the number of GPUs that extra specs request.

    Source: https://docs.openstack.org/nova/latest/configuration/extra-specs.html
    (`resources:VGPU`, `pci_passthrough:alias` as `alias:count`).
    """
    gpus = 0
    for name, value in specs.items():
        if name.startswith("resources") and name.endswith(":VGPU") and value.isdigit():
            gpus += int(value)
        elif name == "pci_passthrough:alias":
            for device in value.split(","):
                alias, _, count = device.partition(":")
                if "gpu" in alias.lower():
                    gpus += int(count) if count.strip().isdigit() else 1
    return gpus


def find_flavor(clients: OpenStackClients, region: str, wanted: str) -> Json:
    """Return the flavor with an id or a name.

    Raises NotFound when there is none, InvalidRequest when several have the name.
    """
    flavors = get_flavors(clients, region)
    by_id = [flavor for flavor in flavors if str(flavor["id"]) == wanted]
    matching = by_id or [flavor for flavor in flavors if flavor.get("name") == wanted]
    if not matching:
        raise NotFound(
            f"There is no flavor {wanted!r} in {region} that the project may use.",
            provider="openstack",
        )
    if len(matching) > 1:
        ids = ", ".join(sorted(str(flavor["id"]) for flavor in matching))
        raise InvalidRequest(
            f"{len(matching)} flavors in {region} are called {wanted!r}: {ids}.",
            hint="Give the id of the flavor.",
            provider="openstack",
        )
    return matching[0]


def flavor_names(clients: OpenStackClients, region: str) -> dict[str, str] | None:
    """Return the names of flavors by id; None where servers contain them (from 2.47 on)."""
    if clients.microversion(region) >= FLAVOR_EMBEDDED:
        return None
    flavors = get_flavors(clients, region)
    return {str(flavor["id"]): name for flavor in flavors if (name := text(flavor, "name"))}
